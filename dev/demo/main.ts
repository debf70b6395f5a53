import { messageOf } from '../stack/errors';
import { plainReporter } from '../stack/reporter';
import { Cleanup } from '../../proof/run/cleanup';
import { onInterrupt } from '../../proof/run/interrupt';
import { LiveRows } from '../../proof/run/live-rows';
import { type DemoOptions, parseOptions } from './options';
import { printedSummary } from './report/table';
import { runDemo } from './run-demo';
import { Steps } from '../../proof/run/steps';

/** `npm run demo`: runs, shows, checks, tidies up. Exit code 0 only if every check holds, 130 after Ctrl-C. */
async function main(options: DemoOptions): Promise<number> {
  const isTerminal = process.stdout.isTTY && process.stderr.isTTY && !process.env['CI'];
  const rows = isTerminal ? new LiveRows(process.stderr) : undefined;
  const report = rows ?? plainReporter(process.stderr);
  const cleanup = new Cleanup();
  const interrupt = onInterrupt(cleanup);
  try {
    const steps = new Steps(report, interrupt);
    const show = { steps, report, detailEveryMs: rows ? 400 : 5_000, interrupted: interrupt };
    const summary = await runDemo(options, show, cleanup);
    rows?.close();
    process.stdout.write(`${options.json ? JSON.stringify(summary) : printedSummary(summary)}\n`);
    if (options.keep || (isTerminal && !options.json)) await untilInterrupted(interrupt, summary.webUi);
    return summary.ok ? 0 : 1;
  } catch (thrown) {
    rows?.close();
    process.stderr.write(interrupt.aborted ? 'interrupted\n' : `✘ ${messageOf(thrown)}\n`);
    return interrupt.aborted ? 130 : 1;
  } finally {
    const failures = await cleanup.run();
    for (const failure of failures) process.stderr.write(`could not be undone: ${failure}\n`);
  }
}

async function untilInterrupted(interrupt: AbortSignal, webUi: string | null): Promise<void> {
  process.stderr.write(`Everything stays up${webUi === null ? '' : ' (look at the Web UI)'} until Ctrl-C.\n`);
  if (interrupt.aborted) return;
  // A listener alone does not keep the process alive.
  const alive = setInterval(() => undefined, 60_000);
  await new Promise<void>((resolve) => interrupt.addEventListener('abort', () => resolve(), { once: true }));
  clearInterval(alive);
}

main(parseOptions(process.argv.slice(2))).then(
  // Clients may hold timers of their own after their close.
  (code) => process.exit(code),
  (thrown: unknown) => {
    process.stderr.write(`✘ ${messageOf(thrown)}\n`);
    process.exit(1);
  },
);
