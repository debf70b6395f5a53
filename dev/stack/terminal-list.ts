import { Listr } from 'listr2';
import { seconds, type Reporter } from './reporter';

interface RowText {
  title?: string;
  output?: string;
}

/** One line of the list. The list takes a moment to begin, so what is said before is kept for it. */
class Row {
  private text: RowText = {};
  private line: RowText = this.text;
  private settle: (error?: Error) => void = () => undefined;
  private readonly ended = new Promise<void>((resolve, reject) => {
    this.settle = (error) => (error ? reject(error) : resolve());
  });

  constructor() {
    this.ended.catch(() => undefined); // the list shows it
  }

  show(change: RowText): void {
    Object.assign(this.line, change);
  }

  end(error?: Error): void {
    this.settle(error);
  }

  attach(line: RowText): Promise<void> {
    Object.assign(line, this.text);
    this.line = line;
    return this.ended;
  }
}

/**
 * Does `work` under a live list with one row per step. For terminals, and for cli.ts alone: jest must be able to load
 * everything else without listr2.
 */
export async function underLiveList<T>(steps: readonly string[], work: (report: Reporter) => Promise<T>): Promise<T> {
  const rows = new Map(steps.map((step) => [step, new Row()]));
  const list = new Listr(
    [...rows].map(([title, row]) => ({ title, task: (_: unknown, task: RowText) => row.attach(task) })),
    { concurrent: true, exitOnError: false, rendererOptions: { collapseErrors: false } },
  );
  const shown = list.run();
  const row = (step: string) => rows.get(step);
  try {
    return await work({
      started: (step, title) => {
        if (row(step)) row(step)?.show({ title });
        // A step without a row (waiting for another process) is shown on every row.
        else rows.forEach((each) => each.show({ output: title }));
      },
      detail: (step, text) => row(step)?.show({ output: text }),
      done: (step, summary, ms) => {
        row(step)?.show({ title: `${step}: ${summary} (${seconds(ms)})` });
        row(step)?.end();
      },
      failed: (step, error) => row(step)?.end(new Error(error)),
    });
  } finally {
    rows.forEach((each) => each.end());
    await shown;
  }
}
