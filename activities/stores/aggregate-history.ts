import { type EventRef } from '../../contracts/event-ref';

/** Earlier events of an event's aggregate, from the outbox. */
export interface AggregateHistory {
  /** The event that created the post `aggregateId` before `sequence`, unless it was dead-lettered or is long gone. */
  creation(later: Pick<EventRef, 'aggregateId' | 'sequence'>): Promise<EventRef | undefined>;
  /** Id of the first event that published the post `aggregateId` by a change of status, unless it was dead-lettered. */
  firstPublication(of: Pick<EventRef, 'aggregateId' | 'sequence'>): Promise<string | undefined>;
  /** Ids of earlier events whose workflows were started, newest first. */
  startedBefore(event: EventRef, limit: number): Promise<readonly string[]>;
}
