import { type EventRef } from '../../contracts/event-ref';
import { type Domain } from '../../contracts/events/define';
import { NovaError } from '../../contracts/failures';
import { limits } from '../../contracts/time-budgets';
import { parseTraceparent } from '../../contracts/trace-context';
import { faultPoint } from '../../runtime/fault-points';
import { type Logger } from '../../runtime/logger';
import { traceField } from '../../runtime/traces';
import { type CloudEventsOptions } from './cloud-events';
import { type EmitRow, type PgEmitLog } from './pg-emit-log';
import { type EventSink, type OutgoingEvent } from './event-sink';
import { toOutgoingEvent } from './outgoing-event';
import { readWork } from './read-work';
import { tracedRows } from './traced-rows';

/**
 * - `behind`: events before it in its aggregate were emitted, and there are more than one flush takes. Ask again at once.
 * - `held`: nothing of its aggregate was emitted: another process emits it now, or the time was over. Ask again later.
 */
export type EmitOutcome = 'emitted' | 'behind' | 'held' | NovaError;

export interface EmitDependencies {
  readonly log: PgEmitLog;
  readonly sink: EventSink;
  readonly topics: Readonly<Record<Domain, string>>;
  /** Undefined: without the headers of CloudEvents. */
  readonly cloudEvents?: CloudEventsOptions | undefined;
  readonly logger: Logger;
}

/**
 * Emits the events asked for, all of one outbox, each with all that is unemitted before it in its aggregate and topic, and marks what Kafka
 * acknowledged, in one transaction that holds the emit locks of the aggregates (docs/decisions/0005-emit-order.md). Ends
 * sending early enough for the mark to be made, however slow the broker is (0012-emit-budgets.md).
 * Returns an outcome for each event id.
 */
export async function flushEmits(
  { log, sink, topics, cloudEvents, logger }: EmitDependencies,
  refs: readonly EventRef[],
): Promise<ReadonlyMap<string, EmitOutcome>> {
  const inOutbox = refs[0]?.outbox === undefined ? {} : { outbox: refs[0].outbox };
  const flushed = await log.transaction(async (transaction) => {
    const locked = await transaction.lock([...new Set(refs.map((ref) => ref.aggregateId))]);
    const asked = refs.filter((ref) => locked.has(ref.aggregateId));
    const outcomes = new Map<string, EmitOutcome>(refs.map((ref) => [ref.eventId, 'held']));
    if (asked.length === 0) return outcomes;

    const { rows: found, settled, retried } = await readWork(transaction, asked, topics);
    for (const [eventId, outcome] of settled) outcomes.set(eventId, outcome);
    // From here on the transaction is idle: the server's patience with it begins, and so does ours.
    const deadline = performance.now() + limits.emit.sendingMs;
    const { rows, ended } = tracedRows(found, asked);
    const { messages, refused } = convert(rows, topics, cloudEvents);
    await faultPoint('emit.locked');
    const sent = await sink.send(messages, deadline).finally(ended);
    await faultPoint('emit.sent');
    for (const row of rows) {
      const result = sent.get(row.eventId);
      if (result instanceof NovaError && !result.entry.retryable) refused.push({ row, reason: result });
    }
    const acknowledged = rows.filter((row) => sent.get(row.eventId) === 'acknowledged');
    if (acknowledged.length > 0) await transaction.markEmitted(acknowledged);
    await faultPoint('emit.marked');
    // A row that is not started yet can only be given up by the bridge.
    const given = refused.filter(
      ({ row, reason }) => !reason.entry.retryable && row.started && !retried.has(row.eventId),
    );
    if (given.length > 0) await transaction.markRefused(given);
    for (const { row, reason } of given)
      logger.error(
        { event_id: row.eventId, ...inOutbox, code: reason.code, ...traceField(parseTraceparent(row.traceparent)) },
        'emit: given up; Kafka will not have this event',
      );

    const advanced = new Set(acknowledged.map((row) => row.aggregateId));
    for (const ref of asked)
      if (outcomes.get(ref.eventId) === 'held' && advanced.has(ref.aggregateId)) outcomes.set(ref.eventId, 'behind');
    for (const { row, reason } of refused) if (outcomes.has(row.eventId)) outcomes.set(row.eventId, reason);
    for (const [eventId, result] of sent) {
      if (!outcomes.has(eventId) || result === 'not_sent') continue;
      outcomes.set(eventId, result === 'acknowledged' ? 'emitted' : result);
    }
    return outcomes;
  });
  await faultPoint('emit.committed');
  return flushed;
}

/**
 * Rows that can never be read are set aside, so that they hold up no other. One that a newer worker can read holds up what
 * is behind it in its aggregate: the order is that worker's to keep.
 */
function convert(
  rows: readonly EmitRow[],
  topics: Readonly<Record<Domain, string>>,
  cloudEvents: CloudEventsOptions | undefined,
) {
  const messages: OutgoingEvent[] = [];
  const refused: { row: EmitRow; reason: NovaError }[] = [];
  const heldUp = new Map<string, NovaError>();
  for (const row of rows) {
    const reason = heldUp.get(row.aggregateId);
    if (reason !== undefined) {
      refused.push({ row, reason });
      continue;
    }
    try {
      messages.push(toOutgoingEvent(row, topics, cloudEvents));
    } catch (thrown) {
      if (!(thrown instanceof NovaError)) throw thrown;
      if (thrown.entry.retryable) heldUp.set(row.aggregateId, thrown);
      refused.push({ row, reason: thrown });
    }
  }
  return { messages, refused };
}
