import { type EventRef } from '../contracts/event-ref';
import { type EventType } from '../contracts/catalogue';
import { type FailureCode, NovaError, failures } from '../contracts/failures';
import { maxPayloadBytes, parseEvent, workflowTypeFor } from '../contracts/parse-event';
import { type Priority } from '../contracts/priority';
import { type ClaimedRow, type Settlement, type StartRequest, type WorkflowStarter } from './ports';

/** What one try to start a row's workflow came to. */
export interface Attempt {
  readonly settlement: Settlement;
  /** Canonical type, when the row got that far. */
  readonly eventType?: EventType;
  readonly failure?: { readonly code: FailureCode; readonly detail: string };
}

export interface AttemptLimits {
  /** Failures of the row itself before it is dead-lettered (CFG-11). */
  readonly maxAttempts: number;
  /**
   * Age of the first attempt beyond which a start is not repeated blindly: Temporal may have run the workflow and
   * forgotten it, and would run it again. Namespace retention less a margin.
   */
  readonly retentionGuardMs: number;
}

/** Validates the row, starts its workflow, and says how the row is to be settled. Throws only on a bug. */
export async function attemptStart(row: ClaimedRow, starter: WorkflowStarter, limits: AttemptLimits): Promise<Attempt> {
  const parsed = startRequestFor(row);
  if ('code' in parsed) return failed(row, parsed, limits);
  const eventType = parsed.ref.eventType;
  if (row.firstAttemptAgeMs > limits.retentionGuardMs) {
    const found = await starter.lookUp(parsed);
    if (found === 'ours') return { settlement: { kind: 'published', row }, eventType };
    if (found === 'foreign')
      return failed(row, { code: 'FOREIGN_WORKFLOW', detail: 'another run owns this id' }, limits, eventType);
    if (found === 'unknown') {
      const days = (row.firstAttemptAgeMs / 86_400_000).toFixed(1);
      return failed(
        row,
        { code: 'RETENTION_PASSED', detail: `first tried ${days} days ago and not known to Temporal` },
        limits,
        eventType,
      );
    }
    return failed(row, found, limits, eventType);
  }
  const outcome = await starter.start(parsed);
  if (outcome.kind === 'started') return { settlement: { kind: 'published', row }, eventType };
  return failed(row, outcome, limits, eventType);
}

function startRequestFor(row: ClaimedRow): StartRequest | { code: FailureCode; detail: string } {
  if (row.payloadBytes > maxPayloadBytes) {
    return {
      code: 'PAYLOAD_TOO_LARGE',
      detail: `payload of ${row.payloadBytes} bytes; the limit is ${maxPayloadBytes}`,
    };
  }
  try {
    const event = parseEvent(row);
    const ref: EventRef = {
      eventId: row.id,
      eventType: event.type,
      schemaVersion: event.version,
      aggregateType: row.aggregateType,
      aggregateId: row.aggregateId,
      sequence: row.sequence,
      createdAt: row.createdAt,
      createdAtMs: row.createdAtMs,
      priority: row.priority as Priority,
      ...(row.traceparent === null ? {} : { traceparent: row.traceparent }),
    };
    return { ref, workflowType: workflowTypeFor(event) };
  } catch (thrown) {
    if (thrown instanceof NovaError) return { code: thrown.code, detail: thrown.message.slice(thrown.code.length + 2) };
    throw thrown;
  }
}

/** Only faults of the row count; they back off from 1 s to a minute, and end in the dead letters. */
function failed(
  row: ClaimedRow,
  failure: { readonly code: FailureCode; readonly detail: string },
  limits: AttemptLimits,
  eventType?: EventType,
): Attempt {
  const { cause, retryable } = failures[failure.code];
  const error = `${failure.code}: ${failure.detail}`;
  const known = { failure, ...(eventType === undefined ? {} : { eventType }) };
  if (cause !== 'row') {
    // Busy rows come back after a breath; outages and environment faults are held back by the breaker and the pause.
    const delayMs = cause === 'busy' ? 100 + Math.random() * 200 : 0;
    return { settlement: { kind: 'failed', row, error, countsAttempt: false, delayMs }, ...known };
  }
  if (!retryable || row.retryCount + 1 >= limits.maxAttempts) {
    return { settlement: { kind: 'dead-lettered', row, error, countsAttempt: true }, ...known };
  }
  const delayMs = Math.min(1_000 * 2 ** row.retryCount, 60_000);
  return { settlement: { kind: 'failed', row, error, countsAttempt: true, delayMs }, ...known };
}
