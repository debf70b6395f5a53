import { type EventRef } from '../../contracts/event-ref';
import { type Domain } from '../../contracts/events/define';
import { NovaError } from '../../contracts/failures';
import { faultPoint } from '../../runtime/fault-points';
import { type Logger } from '../../runtime/logger';
import { type EmitLog, type EmitRow } from '../ports/emit-log';
import { type EventSink, type OutgoingEvent } from '../ports/event-sink';
import { toOutgoingEvent } from './outgoing-event';

/** `not_yet`: another process is emitting the aggregate, or its backlog is longer than one flush. Ask again. */
export type EmitOutcome = 'emitted' | 'not_yet' | NovaError;

export interface EmitDependencies {
  readonly log: EmitLog;
  readonly sink: EventSink;
  readonly topics: Readonly<Record<Domain, string>>;
  readonly logger: Logger;
}

/**
 * Emits the events asked for, each with all that is unemitted before it in its aggregate, and marks what Kafka
 * acknowledged, in one transaction that holds the emit locks of the aggregates (docs/decisions/0005-emit-order.md).
 * Answers an outcome for each event id.
 */
export async function flushEmits(
  { log, sink, topics, logger }: EmitDependencies,
  refs: readonly EventRef[],
): Promise<ReadonlyMap<string, EmitOutcome>> {
  const flushed = await log.transaction(async (transaction) => {
    const locked = await transaction.lock([...new Set(refs.map((ref) => ref.aggregateId))]);
    const asked = refs.filter((ref) => locked.has(ref.aggregateId));
    const outcomes = new Map<string, EmitOutcome>(refs.map((ref) => [ref.eventId, 'not_yet']));
    if (asked.length === 0) return outcomes;

    const prefix = await transaction.unemitted(furthest(asked));
    const inPrefix = new Set(prefix.map((row) => row.eventId));
    const others = asked.filter((ref) => !inPrefix.has(ref.eventId));
    const found = others.length === 0 ? [] : await transaction.find(others);
    const known = new Map(found.map((row) => [row.eventId, row]));
    for (const ref of others) {
      const row = known.get(ref.eventId);
      if (row === undefined) outcomes.set(ref.eventId, new NovaError('EVENT_NOT_FOUND', `outbox row ${ref.eventId}`));
      else if (row.emitted) outcomes.set(ref.eventId, 'emitted');
    }

    // A given-up row whose own workflow asks again is tried again: somebody mended the cause and reset the workflow.
    const rows = [...prefix, ...found.filter((row) => row.deadLettered && !row.emitted)];
    const { messages, refused } = convert(rows, topics);
    await faultPoint('emit.locked');
    const sent = await sink.send(messages);
    await faultPoint('emit.sent');
    for (const row of rows) {
      const result = sent.get(row.eventId);
      if (result instanceof NovaError && !result.entry.retryable) refused.push({ row, reason: result });
    }
    const acknowledged = rows.filter((row) => sent.get(row.eventId) === 'acknowledged');
    if (acknowledged.length > 0) await transaction.markEmitted(acknowledged);
    await faultPoint('emit.marked');
    // What the bridge has not started yet is the bridge's to give up.
    const given = refused.filter(({ row }) => row.published && !row.deadLettered);
    if (given.length > 0) await transaction.markRefused(given);
    for (const { row, reason } of given)
      logger.error({ event_id: row.eventId, code: reason.code }, 'emit: given up; Kafka will not have this event');

    for (const { row, reason } of refused) if (outcomes.has(row.eventId)) outcomes.set(row.eventId, reason);
    for (const [eventId, result] of sent)
      if (outcomes.has(eventId)) outcomes.set(eventId, result === 'acknowledged' ? 'emitted' : result);
    return outcomes;
  });
  await faultPoint('emit.committed');
  return flushed;
}

/** Per aggregate, the highest sequence asked for. */
function furthest(refs: readonly EventRef[]): Map<string, number> {
  const upTo = new Map<string, number>();
  for (const { aggregateId, sequence } of refs)
    upTo.set(aggregateId, Math.max(sequence, upTo.get(aggregateId) ?? sequence));
  return upTo;
}

/** Rows that no longer parse are set aside, so that they hold up nobody. */
function convert(rows: readonly EmitRow[], topics: Readonly<Record<Domain, string>>) {
  const messages: OutgoingEvent[] = [];
  const refused: { row: EmitRow; reason: NovaError }[] = [];
  for (const row of rows) {
    try {
      messages.push(toOutgoingEvent(row, topics));
    } catch (thrown) {
      if (!(thrown instanceof NovaError)) throw thrown;
      refused.push({ row, reason: thrown });
    }
  }
  return { messages, refused };
}
