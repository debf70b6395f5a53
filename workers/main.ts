import { ConfigError, configFrom } from '../runtime/config';
import { oneLine } from '../runtime/errors';
import { runProcess } from '../runtime/lifecycle';
import { createLogger } from '../runtime/logger';
import { composeWorkers } from './compose';
import { installRuntime } from './install-runtime';
import { workerSettings } from './settings';

/** `npm run workers`: one worker process; run as many as you like, each with all queues or some (WORKER_QUEUES). */
async function main(): Promise<number> {
  const config = configFrom(workerSettings, process.env);
  const logger = createLogger('workers', config.logLevel);
  installRuntime(logger, config.metricsPort);
  const { services, ended } = composeWorkers(config, logger);
  const code = await runProcess(services, logger, ended);
  // A Worker that failed may leave threads behind that would keep the process from ending.
  if (code !== 0) process.exit(code);
  return code;
}

main().then(
  (code) => (process.exitCode = code),
  (thrown: unknown) => {
    console.error(thrown instanceof ConfigError ? thrown.message : `workers: ${oneLine(thrown, 2_000)}`);
    process.exitCode = 1;
  },
);
