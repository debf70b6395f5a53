import { AsyncLocalStorage } from 'node:async_hooks';
import { type Attributes, type Span, SpanKind, SpanStatusCode, type Tracer, context, trace } from '@opentelemetry/api';
import { type EventRef } from '../contracts/event-ref';
import { outboxOf } from '../contracts/outbox-name';
import { type TraceContext, parseTraceparent, traceparentOf } from '../contracts/trace-context';
import { oneLine, toError } from './errors';

/** Undefined: nothing is traced, and each function here does its work and no more. */
let tracer: Tracer | undefined;

/** From now on spans are made with it; undefined: no more. */
export function useTracer(given: Tracer | undefined): void {
  tracer = given;
}

export const isTraced = (): boolean => tracer !== undefined;

export interface SpanOptions {
  /** A `traceparent`; left out: the span that is under way. Malformed or null: the span begins a trace. */
  readonly parent?: string | null | undefined;
  readonly kind?: 'internal' | 'client' | 'producer' | 'consumer';
  readonly attributes?: Attributes;
  /** Epoch milliseconds; left out: now. */
  readonly beganMs?: number;
  /** Left out: a random one. 16 hexadecimal digits. */
  readonly spanId?: string;
}

let nextSpanId: string | undefined;

/** For the one who draws ids: that of the span which is being made, if it is known. */
export function takeSpanId(): string | undefined {
  const id = nextSpanId;
  nextSpanId = undefined;
  return id;
}

const kinds = {
  internal: SpanKind.INTERNAL,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
} as const;

/** A span that the caller ends; undefined: nothing is traced. */
export function beginSpan(name: string, options: SpanOptions): Span | undefined {
  if (tracer === undefined) return undefined;
  const { kind = 'internal', attributes = {}, beganMs, spanId } = options;
  const parent = 'parent' in options ? contextOf(options.parent) : context.active();
  nextSpanId = spanId;
  const span = tracer.startSpan(
    name,
    { kind: kinds[kind], attributes, ...(beganMs === undefined ? {} : { startTime: beganMs }) },
    parent,
  );
  nextSpanId = undefined;
  return span;
}

/** Does the work in a span, which ends with it; a failure is its status. `span`: undefined where nothing is traced. */
export async function inSpan<T>(
  name: string,
  options: SpanOptions,
  work: (span: Span | undefined) => Promise<T>,
): Promise<T> {
  const span = beginSpan(name, options);
  if (span === undefined) return work(undefined);
  try {
    return await context.with(trace.setSpan(context.active(), span), () => work(span));
  } catch (thrown) {
    failSpan(span, thrown);
    throw thrown;
  } finally {
    span.end();
  }
}

export function failSpan(span: Span | undefined, thrown: unknown): void {
  span?.setStatus({ code: SpanStatusCode.ERROR, message: oneLine(thrown) });
  span?.setAttribute('error.type', (thrown as { type?: string }).type ?? toError(thrown).name);
}

/** What is below the span has this `traceparent`; undefined: nothing is traced. */
export function traceparentOfSpan(span: Span | undefined): string | undefined {
  if (span === undefined) return undefined;
  const { traceId, spanId, traceFlags } = span.spanContext();
  return traceparentOf({ traceId, spanId, flags: traceFlags });
}

/** The same of the span that is under way. */
export const activeTraceparent = (): string | undefined =>
  tracer === undefined ? undefined : traceparentOfSpan(trace.getActiveSpan());

/** What every span of an event says. Ids and names, never content. */
export function eventAttributes(event: Partial<EventRef>): Attributes {
  const { eventId, eventType, aggregateType, aggregateId, outbox } = event;
  return {
    'nova.event.id': eventId,
    'nova.event.type': eventType,
    'nova.aggregate.type': aggregateType,
    'nova.aggregate.id': aggregateId,
    'nova.outbox': eventId === undefined ? undefined : outboxOf({ outbox }),
  };
}

function contextOf(parent: string | null | undefined) {
  const parsed = parseTraceparent(parent);
  if (parsed === undefined) return trace.deleteSpan(context.active());
  const { traceId, spanId, flags } = parsed;
  return trace.setSpanContext(context.active(), { traceId, spanId, traceFlags: flags, isRemote: true });
}

/** The trace that lines of the log belong to, also where nothing is traced: the writer may trace. */
const ofLines = new AsyncLocalStorage<Pick<TraceContext, 'traceId'> | undefined>();

/** Each line that is logged during the work has the `trace_id` of the event. */
export const withTraceId = <T>(traceparent: string | null | undefined, work: () => T): T =>
  ofLines.run(parseTraceparent(traceparent), work);

/** What a line of the log says of the trace it belongs to. */
export const traceFields = (): { trace_id?: string } => traceField(ofLines.getStore());

export const traceField = (of: Pick<TraceContext, 'traceId'> | undefined): { trace_id?: string } =>
  of === undefined ? {} : { trace_id: of.traceId };
