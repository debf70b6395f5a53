import { eventRefOf } from '../contracts/event-ref';
import { type EventType, definitionOf } from '../contracts/catalogue';
import { type FailureCode, NovaError, failures } from '../contracts/failures';
import { actorOf, aggregateFault, maxPayloadBytes, parseEvent, workflowTypeFor } from '../contracts/parse-event';
import { priorityNames } from '../contracts/priority';
import { type OutboxSetting } from '../runtime/outboxes';
import { aloneAfterClaims, unreadAfterClaims } from '../outbox/thresholds';
import { type Fuse } from './fuse';
import { type Fault, notOurs } from './not-ours';
import { type ClaimedRow, type OutboxStore, type Settlement, type StartRequest, type WorkflowStarter } from './ports';

/** The result of one try to start a row's workflow. */
export interface Attempt {
  readonly settlement: Settlement;
  /** Canonical type, when the row got that far. */
  readonly eventType?: EventType;
  readonly failure?: Fault;
  /** The failure looks like the row's, and is taken for the environment's: the fuse is blown. */
  readonly spared?: 'blows' | 'environment';
}

export interface AttemptLimits {
  /** Failures of the row itself before it is dead-lettered. */
  readonly maxAttempts: number;
  /**
   * Age of the first attempt beyond which a start is not repeated blindly: Temporal may have run the workflow and
   * forgotten it, and would run it again. Namespace retention less a margin.
   */
  readonly retentionGuardMs: number;
  /**
   * How long a row of a type or version that this process does not know is left to newer processes, milliseconds since its
   * first claim; then it is given up, so that a misspelt type does not wait without limit.
   */
  readonly unknownPatienceMs: number;
}

/** What a newer process may know. */
export const notKnownYet: ReadonlySet<FailureCode> = new Set(['UNKNOWN_EVENT_TYPE', 'UNSUPPORTED_VERSION']);

/** No aggregate type of any use is longer; Temporal refuses search attributes over 2 kB. */
const plainName = /^[\p{L}\p{N}._:/-]{1,100}$/u;

export interface AttemptDeps {
  readonly starter: WorkflowStarter;
  readonly store: Pick<OutboxStore, 'isRepeated'>;
  readonly limits: AttemptLimits;
  readonly fuse: Fuse;
  readonly outbox: Pick<OutboxSetting, 'name' | 'domains'>;
}

/**
 * Validates the row, starts its workflow, and says how the row is to be settled. Throws only on a bug. `traceparent`: what causes the run,
 * where that is more than the writer said.
 */
export async function attemptStart(
  row: ClaimedRow,
  { starter, store, limits, fuse, outbox }: AttemptDeps,
  traceparent = row.traceparent,
): Promise<Attempt> {
  const parsed = startRequestFor({ ...row, traceparent }, outbox);
  if ('code' in parsed)
    return notKnownYet.has(parsed.code) ? unknown(row, parsed, limits) : failed(row, parsed, limits);
  const eventType = parsed.ref.eventType;
  if (row.firstAttemptAgeMs > limits.retentionGuardMs) {
    const found = await starter.lookUp(parsed);
    if (found === 'ours') return { settlement: { kind: 'started', row }, eventType };
    if (found === 'twin' && (await store.isRepeated?.(row)) === true)
      return { settlement: { kind: 'repeated', row }, eventType };
    return failed(
      row,
      typeof found === 'string' ? notOurs(found, row.id, row.firstAttemptAgeMs) : found,
      limits,
      eventType,
    );
  }
  const outcome = await starter.start(parsed);
  if (outcome.kind === 'started') return { settlement: { kind: 'started', row }, eventType };
  if (outcome.code === 'DUPLICATE_EVENT_ID' && (await store.isRepeated?.(row)) === true)
    return { settlement: { kind: 'repeated', row }, eventType };
  const fault = fuse.failed(row.aggregateId, outcome.code, outcome.detail);
  if (fault === 'row') return failed(row, outcome, limits, eventType);
  return { ...waiting(row, outcome), eventType, spared: fault };
}

/**
 * For a newer process, until the patience is over. Each wait is at most as long as all before it together: a newer process
 * takes the row soon after it appears, and a mass of such rows costs little.
 */
function unknown(row: ClaimedRow, failure: Fault, limits: AttemptLimits): Attempt {
  // Beyond the guard it would be looked up in Temporal, where it never was.
  const patienceMs = Math.min(limits.unknownPatienceMs, limits.retentionGuardMs);
  if (row.firstAttemptAgeMs <= patienceMs) return waiting(row, failure, 300_000);
  const hours = (row.firstAttemptAgeMs / 3_600_000).toFixed(1);
  const error = `${failure.code}: ${failure.detail}; no process knew it for ${hours} hours`;
  return { settlement: { kind: 'dead-lettered', row, error, countsAttempt: true }, failure };
}

/** The row waits as it would for an outage: nothing is counted, and a mass of such rows does not ask without a pause. */
function waiting(row: ClaimedRow, failure: Fault, longestMs = 30_000): Attempt {
  const error = `${failure.code}: ${failure.detail}`;
  const delayMs = Math.min(1_000 * 2 ** Math.min(row.claimCount, 10), longestMs);
  return { settlement: { kind: 'failed', row, error, countsAttempt: false, delayMs }, failure };
}

/** What is wrong with the columns beside the payload. */
function rowFault(row: ClaimedRow): Fault | undefined {
  const { unfinishedClaims, payloadBytes, priority, aggregateType, createdAt } = row;
  if (unfinishedClaims >= unreadAfterClaims)
    return {
      code: 'ROW_KILLS_PROCESS',
      detail: `${unfinishedClaims} claims in a row ended without a word, the last ${unreadAfterClaims - aloneAfterClaims} with this row alone; the payload was not read again`,
    };
  if (payloadBytes < 0)
    return {
      code: 'INVALID_PAYLOAD',
      detail: 'PostgreSQL cannot write the payload as text: numbers beyond ±1e308, nested too deep, or damaged',
    };
  if (payloadBytes > maxPayloadBytes)
    return { code: 'PAYLOAD_TOO_LARGE', detail: `payload of ${payloadBytes} bytes; the limit is ${maxPayloadBytes}` };
  if (priorityNames[priority] === undefined)
    return { code: 'INVALID_ROW', detail: `priority ${priority} is not one of 0 (critical) to 3 (low)` };
  if (!plainName.test(aggregateType))
    return { code: 'INVALID_ROW', detail: 'aggregate_type must be 1 to 100 letters, digits or ._:/-' };
  if (!/^\d{4}-.*Z$/.test(createdAt))
    return { code: 'INVALID_ROW', detail: `created_at ${createdAt} is no date; leave it out and the database sets it` };
  return undefined;
}

/** A service owns its domains: that of identity must not be able to delete the posts of another's. */
function domainFault({ eventType }: ClaimedRow, { name, domains }: AttemptDeps['outbox']): Fault | undefined {
  const { type, domain } = definitionOf(eventType) ?? {};
  if (domain === undefined || domains === undefined || domains.includes(domain)) return undefined;
  const detail = `${type} is of the domain ${domain}; the outbox ${name} may write ${domains.join(', ')}`;
  return { code: 'DOMAIN_NOT_ALLOWED', detail };
}

function startRequestFor(row: ClaimedRow, outbox: AttemptDeps['outbox']): StartRequest | Fault {
  const fault = rowFault(row) ?? domainFault(row, outbox);
  if (fault !== undefined) return fault;
  try {
    const event = parseEvent(row);
    const misplaced = aggregateFault(event, row.aggregateId);
    if (misplaced !== undefined) return { code: 'INVALID_ROW', detail: misplaced };
    return {
      ref: eventRefOf(row, event.type, outbox.name),
      workflowType: workflowTypeFor(event),
      actorId: actorOf(event),
    };
  } catch (thrown) {
    if (thrown instanceof NovaError) return { code: thrown.code, detail: thrown.message.slice(thrown.code.length + 2) };
    throw thrown;
  }
}

/** Only faults of the row count; they back off from 1 s to a minute, and end in the dead letters. */
function failed(row: ClaimedRow, failure: Fault, limits: AttemptLimits, eventType?: EventType): Attempt {
  const { cause, retryable } = failures[failure.code];
  const error = `${failure.code}: ${failure.detail}`;
  const known = { failure, ...(eventType === undefined ? {} : { eventType }) };
  if (cause !== 'row') {
    // Busy rows come back after a short wait; outages and environment faults are held back by the breaker and the
    // pause.
    const stepBackMs = cause === 'outage' || failure.code === 'TEMPORAL_SLOW' ? stepBack(row) : 0;
    const delayMs = stepBackMs + (cause === 'busy' ? 100 + Math.random() * 200 : 0);
    return { settlement: { kind: 'failed', row, error, countsAttempt: false, delayMs }, ...known };
  }
  if (!retryable || row.retryCount + 1 >= limits.maxAttempts) {
    return { settlement: { kind: 'dead-lettered', row, error, countsAttempt: true }, ...known };
  }
  const delayMs = Math.min(1_000 * 2 ** row.retryCount, 60_000);
  return { settlement: { kind: 'failed', row, error, countsAttempt: true, delayMs }, ...known };
}

/**
 * A row whose start gets no reply in claim after claim, while Temporal replies to others, must back off: Temporal may
 * hang on this one workflow id, and since the oldest rows are claimed first, no row behind them would ever be started.
 */
function stepBack({ claimCount }: ClaimedRow): number {
  return claimCount <= 2 ? 0 : Math.min(500 * 2 ** (claimCount - 3), 15_000);
}
