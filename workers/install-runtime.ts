import {
  type LogLevel,
  type LogMetadata,
  type Logger as TemporalLogger,
  Runtime,
  type RuntimeOptions,
} from '@temporalio/worker';
import { oneLine } from '../runtime/errors';
import { type Logger } from '../runtime/logger';
import { type WorkflowIdOf, sayOfSdk } from './lines-of-sdk';

const levels = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;

/** Sets up Temporal's runtime for this process, once: logs go through ours, signals are ours, metrics on request. */
export function installRuntime(
  logger: Logger,
  metrics: { readonly host: string; readonly port: number },
  workflowIdOf?: WorkflowIdOf,
): void {
  const options: RuntimeOptions = {
    logger: temporalLogger(logger, workflowIdOf),
    shutdownSignals: [],
    telemetryOptions: {
      logging: { filter: { core: 'WARN', other: 'ERROR' }, forward: {} },
      ...(metrics.port === 0 ? {} : { metrics: metricsOn(metrics) }),
    },
  };
  try {
    Runtime.install(options);
  } catch (thrown) {
    if (metrics.port === 0) throw thrown;
    const where = `${metrics.host}:${metrics.port} (METRICS_HOST, WORKER_METRICS_PORT)`;
    throw new Error(`Temporal's runtime does not start; its metrics are to listen on ${where}: ${oneLine(thrown)}`, {
      cause: thrown,
    });
  }
}

/** Names and units as in Temporal's documentation and dashboards. */
function metricsOn({ host, port }: { readonly host: string; readonly port: number }) {
  const latency = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 10, 60];
  return {
    globalTags: { service: 'nova-workers' },
    prometheus: {
      bindAddress: `${host.includes(':') ? `[${host}]` : host}:${port}`,
      countersTotalSuffix: true,
      unitSuffix: true,
      useSecondsForDurations: true,
      histogramBucketOverrides: {
        workflow_task_schedule_to_start_latency: latency,
        activity_schedule_to_start_latency: latency,
        workflow_endtoend_latency: latency,
      },
    },
  };
}

export function temporalLogger(logger: Logger, workflowIdOf?: WorkflowIdOf): TemporalLogger {
  const at =
    (level: LogLevel) =>
    (message: string, meta?: LogMetadata): void =>
      sayOfSdk(logger, { level: levels[level], message, meta }, workflowIdOf);
  return {
    log: (level, message, meta) => at(level)(message, meta),
    trace: at('TRACE'),
    debug: at('DEBUG'),
    info: at('INFO'),
    warn: at('WARN'),
    error: at('ERROR'),
  };
}
