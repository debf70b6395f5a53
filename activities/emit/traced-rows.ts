import { type EventRef } from '../../contracts/event-ref';
import { parseTraceparent } from '../../contracts/trace-context';
import { beginSpan, traceparentOfSpan } from '../../runtime/traces';
import { type EmitRow } from './pg-emit-log';

/**
 * The rows with the `traceparent` that subscribers are to get: of the span of their message, below the activity that asked for the event, or
 * below the writer's where an event behind it asked. Where nothing is traced it is the run's, which is the writer's. A malformed one is left out:
 * a long one could make Kafka refuse the message. `ended`: the messages are sent, or not.
 */
export function tracedRows(
  rows: readonly EmitRow[],
  asked: readonly EventRef[],
): { readonly rows: EmitRow[]; readonly ended: () => void } {
  const causes = new Map(asked.map(({ eventId, traceparent }) => [eventId, traceparent]));
  const spans: ({ end(): void } | undefined)[] = [];
  const traced = rows.map((row) => {
    const cause = causes.get(row.eventId) ?? row.traceparent;
    const parent = parseTraceparent(cause) === undefined ? null : cause;
    const span = parent === null ? undefined : spanOf(row, parent);
    spans.push(span);
    return { ...row, traceparent: traceparentOfSpan(span) ?? parent };
  });
  return { rows: traced, ended: () => spans.forEach((span) => span?.end()) };
}

function spanOf({ eventId, eventType, aggregateId }: EmitRow, parent: string | null | undefined) {
  const attributes = {
    'messaging.system': 'kafka',
    'messaging.operation.name': 'send',
    'nova.event.id': eventId,
    'nova.event.type': eventType,
    'nova.aggregate.id': aggregateId,
  };
  return beginSpan(`send ${eventType}`, { parent, kind: 'producer', attributes });
}
