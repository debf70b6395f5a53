import { type LogMetadata } from '@temporalio/worker';
import { type FailureEntry } from '../contracts/failure-entry';
import { failures } from '../contracts/failures';
import { oneLine, toError, withType } from '../runtime/errors';
import { type Logger } from '../runtime/logger';
import { sayRepeated, withoutFigures } from '../runtime/repeated-failures';

/** The workflow id of a run; undefined: not known, or Temporal does not reply. */
export type WorkflowIdOf = (runId: string) => Promise<string | undefined>;

type Level = 'trace' | 'debug' | 'info' | 'warn' | 'error';

/** Logs a line of the SDK; what each event and each try would repeat is one line a minute. */
export function sayOfSdk(
  logger: Logger,
  {
    level,
    message,
    meta = {},
  }: { readonly level: Level; readonly message: string; readonly meta?: LogMetadata | undefined },
  workflowIdOf?: WorkflowIdOf,
): void {
  const fields = fieldsOf(meta);
  const key = keyOf(message, meta, fields);
  if (key === undefined || (level !== 'warn' && level !== 'error')) return logger[level](fields, message);
  const { run_id: runId, workflow_id: workflowId } = fields;
  const isRunAlone = workflowIdOf !== undefined && typeof runId === 'string' && workflowId === undefined;
  const more = async () => idsOf(await workflowIdOf?.(runId as string));
  sayRepeated(logger, { key, level, fields, message, ...(isRunAlone ? { more } : {}) });
}

/** Equal for failures that say the same: by the code while a server is away, by their text else. Undefined: of this event alone. */
function keyOf(message: string, meta: LogMetadata, { error, code, outbox, activity }: Fields): string | undefined {
  if (message === 'Activity failed') {
    if (code === undefined) return `${String(activity)} ${withoutFigures(String(error))}`;
    return entryOf(code)?.cause === 'row' ? undefined : [code, outbox].join(' ');
  }
  // The core says of each kind of call and of each task queue that it is tried again: that is one outage.
  if (code === 'TEMPORAL_UNAVAILABLE') return code;
  // It repeats what each poll of each task queue and each workflow task meets.
  return meta['sdkComponent'] === 'core' || meta['failure'] !== undefined
    ? withoutFigures(`${message} ${String(error)}`)
    : undefined;
}

/** As the core prints a gRPC status: `Status { code: Unavailable, … }`, `code: 'The service is currently unavailable'`. */
const isTemporalAway = ({ sdkComponent, error }: LogMetadata): boolean =>
  sdkComponent === 'core' && /code: '?(The service is currently )?unavailable/i.test(String(error));

const entryOf = (code: unknown): FailureEntry | undefined =>
  (failures as Readonly<Record<string, FailureEntry>>)[String(code)];

type Fields = Readonly<Record<string, unknown>>;

/**
 * Ids, names and one line of the error, whose stack the Web UI has. Of a failing workflow task the core gives no error, but the failure that
 * it reports, as text.
 */
function fieldsOf(meta: LogMetadata): Fields {
  const { workflowId, runId, activityType, workflowType, taskQueue, attempt, event_id, outbox, error, failure } = meta;
  const type = (error as { type?: unknown } | undefined)?.type;
  const fields = {
    ...idsOf(workflowId),
    ...(event_id === undefined ? {} : { event_id: event_id as unknown }),
    outbox: outbox as unknown,
    trace_id: meta['trace_id'] as unknown,
    run_id: (runId ?? meta['workflowRunId'] ?? meta['run_id']) as unknown,
    workflow_type: workflowType as unknown,
    activity: activityType as unknown,
    task_queue: taskQueue as unknown,
    attempt: attempt as unknown,
    code: isTemporalAway(meta) ? 'TEMPORAL_UNAVAILABLE' : entryOf(type) === undefined ? undefined : type,
    error: error !== undefined ? oneLine(toError(error)) : failure === undefined ? undefined : reportedFailure(failure),
    cause: firstCause(error),
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** The id of an event's run is that of the event; a replay of it has a further part. */
function idsOf(workflowId: unknown): Record<string, unknown> {
  const eventId = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?=$|\/)/.exec(String(workflowId))?.[0];
  return { workflow_id: workflowId, ...(eventId === undefined ? {} : { event_id: eventId }) };
}

/** Why a workflow failed is at the end of its causes: those before it only say which activity that was. */
function firstCause(thrown: unknown): string | undefined {
  let first: unknown = thrown;
  while (first instanceof Error && first.cause instanceof Error) first = first.cause;
  return first === undefined || oneLine(first) === oneLine(thrown) ? undefined : oneLine(first);
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
