import { type EventType, type PayloadInput } from '../contracts/catalogue';
import { type PriorityName } from '../contracts/priority';

/** An event as its writer gives it to `publish`; what is left out gets its default. */
export interface NewEvent<T extends EventType> {
  readonly type: T;
  readonly payload: PayloadInput<T>;
  /** UUID of the event, and of its workflow. Default: a fresh UUIDv7. Give one to make a retried request idempotent. */
  readonly id?: string;
  /** UUID of what the event is about. Default, and for most types the only one allowed: the payload's partition key field. */
  readonly aggregateId?: string;
  /** Default: the catalogue's priority of the type. */
  readonly priority?: PriorityName;
  /** W3C trace context, what caused the event. Default: the active span of OpenTelemetry, if the service has `@opentelemetry/api`. */
  readonly traceparent?: string;
}
