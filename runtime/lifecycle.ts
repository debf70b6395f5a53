import { oneLine, toError } from './errors';
import { type Logger } from './logger';

/**
 * The start/stop contract of everything that runs: `start` once; `stop` any number of times, also without a start; `stop`
 * resolves when what was in flight has ended.
 */
export interface Service {
  readonly name: string;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts in order; if one fails, stops those already started and rethrows. */
export async function startAll(services: readonly Service[]): Promise<void> {
  const started: Service[] = [];
  for (const service of services) {
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
 * The body of a process: start, wait for SIGTERM or SIGINT or for `ended` to settle, stop. Answers the exit code; a
 * second signal ends at once, since leases and Temporal recover whatever is dropped.
 */
export async function runProcess(
  services: readonly Service[],
  logger: Logger,
  ended: Promise<unknown> = new Promise(() => undefined),
): Promise<number> {
  let requested: (() => void) | undefined;
  const signalled = new Promise<void>((resolve) => (requested = resolve));
  const onSignal = (signal: NodeJS.Signals): void => {
    logger.info({ signal }, 'stopping: finishing what is in flight');
    process.once('SIGTERM', () => process.exit(130)).once('SIGINT', () => process.exit(130));
    requested?.();
  };
  process.once('SIGTERM', onSignal).once('SIGINT', onSignal);
  try {
    await startAll(services);
    await Promise.race([signalled, ended]);
    await stopAll(services);
    logger.info('stopped');
    return 0;
  } catch (thrown) {
    logger.fatal({ error: oneLine(thrown, 2_000), stack: toError(thrown).stack }, 'the process failed');
    await stopAll(services).catch(() => undefined);
    return 1;
  }
}
