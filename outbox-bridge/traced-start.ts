import { SpanStatusCode } from '@opentelemetry/api';
import { eventAttributes, inSpan, isTraced, traceparentOfSpan } from '../runtime/traces';
import { type Attempt } from './attempt';
import { type ClaimedRow } from './ports';

/**
 * One try of a start as a span, from the claim on, below what the writer said; the run it starts is below the span. `start` gets the
 * `traceparent` that the run is to have. A row of a writer that does not trace begins a trace here.
 */
export async function tracedStart(
  row: ClaimedRow,
  { claimedMs, outbox }: { readonly claimedMs: number; readonly outbox: { readonly name: string } },
  start: (traceparent: string | null) => Promise<Attempt>,
): Promise<Attempt> {
  if (!isTraced()) return start(row.traceparent);
  const { id: eventId, eventType, aggregateType, aggregateId } = row;
  const attributes = {
    ...eventAttributes({ eventId, eventType: eventType as never, aggregateType, aggregateId, outbox: outbox.name }),
    'nova.claim.count': row.claimCount,
    // From the commit, about: the database's clock beside this one.
    'nova.outbox.waited_ms': Math.max(0, Math.round(claimedMs - row.createdAtMs)),
  };
  const options = { parent: row.traceparent, kind: 'consumer', attributes, beganMs: claimedMs } as const;
  return inSpan('claim and start', options, async (span) => {
    const attempt = await start(traceparentOfSpan(span) ?? row.traceparent);
    const { failure } = attempt;
    if (failure !== undefined) {
      span?.setStatus({ code: SpanStatusCode.ERROR, message: failure.detail });
      span?.setAttribute('error.type', failure.code);
    }
    return attempt;
  });
}
