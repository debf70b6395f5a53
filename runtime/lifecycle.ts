import { setTimeout as pause } from 'node:timers/promises';
import { oneLine, toError } from './errors';
import { type Logger } from './logger';
import { type Service } from './service';

export { type Service } from './service';

/** Starts in order; if one fails, stops those already started and rethrows. Starts no more once `stop` is aborted. */
export async function startAll(services: readonly Service[], stop?: AbortSignal): Promise<void> {
  const started: Service[] = [];
  for (const service of services) {
    if (stop?.aborted === true) return;
    try {
      await service.start();
      started.push(service);
    } catch (thrown) {
      await stopAll([...started, service]).catch(() => undefined);
      throw new Error(`${service.name} did not start: ${oneLine(thrown)}`, { cause: thrown });
    }
  }
}

/** Stops in reverse order; every service gets its chance, failures are gathered. */
export async function stopAll(services: readonly Service[]): Promise<void> {
  const failures: Error[] = [];
  for (const service of [...services].reverse()) {
    try {
      await service.stop();
    } catch (thrown) {
      failures.push(new Error(`${service.name} did not stop cleanly: ${oneLine(thrown)}`, { cause: thrown }));
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, failures.map((failure) => failure.message).join('; '));
}

/**
 * The body of a process: start, wait for SIGTERM or SIGINT or for `ended` to settle, stop. A signal is also heard while a
 * start waits for a server. Returns the exit code; a second signal ends at once, and so does a stop that takes longer than
 * `stopWithinMs` because a server hangs, since leases and Temporal recover whatever is dropped.
 */
export async function runProcess(
  services: readonly Service[],
  logger: Logger,
  ended: Promise<unknown> = new Promise(() => undefined),
  stopWithinMs = 10_000,
): Promise<number> {
  const stop = new AbortController();
  const signalled = new Promise<void>((resolve) => stop.signal.addEventListener('abort', () => resolve()));
  const onSignal = (signal: NodeJS.Signals): void => {
    logger.info({ signal }, 'stopping: finishing what is in flight');
    process.once('SIGTERM', () => process.exit(130)).once('SIGINT', () => process.exit(130));
    stop.abort();
  };
  process.once('SIGTERM', onSignal).once('SIGINT', onSignal);
  const failed = (thrown: unknown): number => {
    logger.fatal({ error: oneLine(thrown, 2_000), stack: toError(thrown).stack }, 'the process failed');
    return 1;
  };
  const ran = await Promise.race([signalled, Promise.all([startAll(services, stop.signal), ended])]).then(
    () => 0,
    failed,
  );
  const stopped = stopAll(services).then(() => 0, failed);
  const code = await Promise.race([stopped, tooLong(stopWithinMs, logger)]);
  logger.info('stopped');
  return Math.max(ran, code);
}

async function tooLong(ms: number, logger: Logger): Promise<number> {
  await pause(ms, undefined, { ref: false });
  logger.warn({ waited_ms: ms }, 'a server hangs: ending without it');
  return 0;
}
