import type * as OpenTelemetry from '@opentelemetry/api';
import { parseTraceparent, traceparentOf } from '../contracts/trace-context';
import { type ReceivedEvent } from './received-event';

type Api = typeof OpenTelemetry;

let loading: Promise<Api | undefined> | undefined;

/** OpenTelemetry's interface, which a service that traces has; without an SDK behind it, it does nothing. */
const api = (): Promise<Api | undefined> => (loading ??= import('@opentelemetry/api').catch(() => undefined));

/** Of the span in which the caller is; undefined: it does not trace. */
export async function activeTraceparent(): Promise<string | undefined> {
  const otel = await api();
  const span = otel?.trace.getActiveSpan()?.spanContext();
  if (otel === undefined || span === undefined || !otel.isSpanContextValid(span)) return undefined;
  return traceparentOf({ traceId: span.traceId, spanId: span.spanId, flags: span.traceFlags });
}

/** Runs a handler in a span of its own, below the message: what it calls is a part of the event's trace. A malformed header begins a trace. */
export async function inHandlersSpan(
  event: ReceivedEvent,
  subscriber: string,
  handle: () => Promise<void>,
): Promise<void> {
  const otel = await api();
  if (otel === undefined) return handle();
  const { context, trace, SpanKind, SpanStatusCode } = otel;
  const cause = parseTraceparent(event.traceparent);
  const parent =
    cause === undefined
      ? trace.deleteSpan(context.active())
      : trace.setSpanContext(context.active(), {
          ...{ traceId: cause.traceId, spanId: cause.spanId },
          ...{ traceFlags: cause.flags, isRemote: true },
        });
  const attributes = {
    'messaging.system': 'kafka',
    'messaging.operation.name': 'process',
    'messaging.destination.name': event.topic,
    'messaging.consumer.group.name': subscriber,
    'nova.event.id': event.eventId,
    'nova.event.type': event.eventType,
  };
  const span = trace
    .getTracer('@nova-side-effects/client')
    .startSpan(`handle ${event.eventType}`, { kind: SpanKind.CONSUMER, attributes }, parent);
  try {
    await context.with(trace.setSpan(parent, span), handle);
  } catch (thrown) {
    span.setStatus({ code: SpanStatusCode.ERROR, message: thrown instanceof Error ? thrown.message : String(thrown) });
    throw thrown;
  } finally {
    span.end();
  }
}
