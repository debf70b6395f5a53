import { messageOf } from './errors';

/** Learns of every step of `up` and `down`, so that a terminal, jest and the demo can each show it their way. */
export interface Reporter {
  /** A step began; `step` is its key from then on (a server's name). */
  started(step: string, title: string): void;
  /** What the step is doing now. Long steps repeat it, with news, at least every ten seconds. */
  detail(step: string, text: string): void;
  done(step: string, summary: string, ms: number): void;
  failed(step: string, error: string, ms: number): void;
}

export const silentReporter: Reporter = { started() {}, detail() {}, done() {}, failed() {} };

/** One line per event with the elapsed seconds: for logs, CI and anything that is not a terminal. */
export function plainReporter(stream: { write(text: string): unknown }, now: () => number = Date.now): Reporter {
  const begun = now();
  const line = (step: string, text: string) => {
    stream.write(`[${((now() - begun) / 1000).toFixed(1).padStart(6)} s] ${step.padEnd(8)} ${text}\n`);
  };
  return {
    started: (step, title) => line(step, title),
    detail: (step, text) => line(step, text),
    done: (step, summary, ms) => line(step, `✔ ${summary} (${seconds(ms)})`),
    failed: (step, error, ms) => line(step, `✖ ${error} (${seconds(ms)})`),
  };
}

/** A duration for people: `850 ms`, `3.2 s`, `4 min 33 s`. */
export function seconds(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 90_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

/** Runs one step and reports how it went; `work` returns the summary. */
export async function reported(
  report: Reporter,
  step: string,
  title: string,
  work: () => Promise<string>,
): Promise<void> {
  const begun = performance.now();
  report.started(step, title);
  try {
    report.done(step, await work(), performance.now() - begun);
  } catch (error) {
    report.failed(step, messageOf(error), performance.now() - begun);
    throw error;
  }
}
