import { type EventRef } from '../../contracts/event-ref';

/** Earlier events of an event's aggregate, from the outbox. */
export interface AggregateHistory {
  /** The event that created the post this later event is about, unless it was dead-lettered or is long gone. */
  creation(event: EventRef): Promise<EventRef | undefined>;
  /** Ids of earlier events whose workflows were started, newest first. */
  startedBefore(event: EventRef, limit: number): Promise<readonly string[]>;
}
