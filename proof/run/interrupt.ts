import { type Cleanup } from './cleanup';

/** The first Ctrl-C ends in order; the second at once, taking the processes with it. */
export function onInterrupt(cleanup: Cleanup): AbortSignal {
  const controller = new AbortController();
  let firstAt = 0;
  const stop = (): void => {
    if (controller.signal.aborted) {
      // One press may arrive twice, from the terminal and from the program that started us.
      if (performance.now() - firstAt < 500) return;
      cleanup.killProcesses();
      process.exit(130);
    }
    firstAt = performance.now();
    process.stderr.write('\nstopping in order; Ctrl-C once more to stop at once\n');
    controller.abort(new Error('interrupted'));
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
  return controller.signal;
}
