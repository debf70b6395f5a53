import {
  type LogLevel,
  type LogMetadata,
  type Logger as TemporalLogger,
  Runtime,
  type RuntimeOptions,
} from '@temporalio/worker';
import { oneLine, toError, withType } from '../runtime/errors';
import { type Logger } from '../runtime/logger';

const levels = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;

/** Sets up Temporal's runtime for this process, once: logs go through ours, signals are ours, metrics on request. */
export function installRuntime(logger: Logger, metrics: { readonly host: string; readonly port: number }): void {
  const options: RuntimeOptions = {
    logger: temporalLogger(logger),
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

export function temporalLogger(logger: Logger): TemporalLogger {
  const at =
    (level: LogLevel) =>
    (message: string, meta?: LogMetadata): void =>
      logger[levels[level]](fieldsOf(meta), message);
  return {
    log: (level, message, meta) => at(level)(message, meta),
    trace: at('TRACE'),
    debug: at('DEBUG'),
    info: at('INFO'),
    warn: at('WARN'),
    error: at('ERROR'),
  };
}

/**
 * Ids, names and one line of the error, whose stack the Web UI has. Of a failing workflow task the core gives no error, but the failure that
 * it reports, as text.
 */
function fieldsOf(meta: LogMetadata = {}): Record<string, unknown> {
  const { workflowId, runId, activityType, workflowType, taskQueue, attempt, event_id, error, failure } = meta;
  const fields = {
    event_id: event_id as unknown,
    workflow_id: workflowId as unknown,
    run_id: (runId ?? meta['run_id']) as unknown,
    workflow_type: workflowType as unknown,
    activity: activityType as unknown,
    task_queue: taskQueue as unknown,
    attempt: attempt as unknown,
    error: error !== undefined ? oneLine(toError(error)) : failure === undefined ? undefined : reportedFailure(failure),
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** The core prints its failure as Rust does: `Failure { failure: Some(Failure { message: "no such timer", … r#type: "TypeError" … } }`. */
export function reportedFailure(failure: unknown): string {
  const text = String(failure);
  const quoted = (name: string): string => {
    const found = new RegExp(`\\b${name}: ("(?:[^"\\\\]|\\\\.)*")`).exec(text)?.[1] ?? '""';
    try {
      return String(JSON.parse(found));
    } catch {
      // An escape that JSON has not.
      return found.slice(1, -1);
    }
  };
  const [message, type] = [quoted('message'), quoted('r#type')];
  return oneLine(message === '' ? text : withType(type, message));
}
