import './say-starting';
import { limits } from '../contracts/time-budgets';
import { checkBudgets } from '../runtime/check-budgets';
import { ConfigError, configFrom } from '../runtime/config';
import { oneLine } from '../runtime/errors';
import { runProcess } from '../runtime/lifecycle';
import { createLogger } from '../runtime/logger';
import { warnOfNearNames } from '../runtime/near-names';
import { composeWorkers } from './compose';
import { installRuntime } from './install-runtime';
import { workerSettings } from './settings';
import { workerDeployment } from './worker-deployment';

/** `npm run workers`: one worker process; run as many as you like, each with all queues or some (WORKER_QUEUES). */
async function main(): Promise<number> {
  const config = configFrom(workerSettings, process.env);
  checkBudgets('workers', config);
  workerDeployment(config);
  const logger = createLogger('workers', config.logLevel);
  warnOfNearNames(workerSettings, process.env, logger);
  const { metricsHost: host, metricsPort: port } = config;
  installRuntime(logger, { host, port }, (runId) => composed.workflowIdOf(runId));
  const composed = composeWorkers(config, logger);
  const { services, ended } = composed;
  // Running activities have their grace first, then ten seconds to be cancelled.
  return runProcess(services, logger, ended, config.shutdownGraceMs + limits.stop.closedMs);
}

main().then(
  // Not left to the last open handle: the socket of a server that hangs, or the threads of a failed Worker, may stay.
  (code) => process.exit(code),
  (thrown: unknown) => {
    console.error(thrown instanceof ConfigError ? thrown.message : `workers: ${oneLine(thrown, 2_000)}`);
    process.exitCode = 1;
  },
);
