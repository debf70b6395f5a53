/** Ids of W3C's trace context, level 1: https://www.w3.org/TR/trace-context/#traceparent-header. */
export interface TraceContext {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits: the step that caused what follows. */
  readonly spanId: string;
  /** 1: the one who began the trace records it. */
  readonly flags: number;
}

const pattern = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/;

/** What a `traceparent` says; undefined: there is none, or it is malformed, which is no reason to lose an event. */
export function parseTraceparent(text: string | null | undefined): TraceContext | undefined {
  const [, traceId, spanId, flags] = pattern.exec(text ?? '') ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  return { traceId, spanId, flags: Number.parseInt(flags, 16) };
}

export function traceparentOf({ traceId, spanId, flags }: TraceContext): string {
  return `00-${traceId}-${spanId}-${(flags & 1).toString(16).padStart(2, '0')}`;
}

/**
 * The span of a run: the random half of the run's id, which is a UUID. So each process knows the parent of an activity's span without
 * being informed of it, and the workflow needs no random figure.
 */
export const spanIdOfRun = (runId: string): string => runId.replaceAll('-', '').slice(-16);
