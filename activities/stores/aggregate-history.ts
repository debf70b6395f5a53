import { type EventRef } from '../../contracts/event-ref';
import { type Publication } from '../../contracts/events/consequences';

/** Earlier events of an event's aggregate, from the outbox. */
export interface AggregateHistory {
  /** The event that created the post `aggregateId` before `sequence`, unless it was dead-lettered or is long gone. */
  creation(later: Pick<EventRef, 'aggregateId' | 'sequence'>): Promise<EventRef | undefined>;
  /**
   * Id of the first event of this type and aggregate, up to this sequence, whose payload has the values of `when`, unless
   * it was dead-lettered.
   */
  firstPublication(
    of: Pick<EventRef, 'eventType' | 'aggregateId' | 'sequence'> & Pick<Publication, 'when'>,
  ): Promise<string | undefined>;
  /** Ids of earlier events whose workflows were started, newest first. */
  startedBefore(event: EventRef, limit: number): Promise<readonly string[]>;
}
