import { type EventRecord, type EventRef } from '../../contracts/event-ref';
import { type EventType, type PayloadOf } from '../../contracts/catalogue';

/** Reads the outbox row a workflow is about. */
export interface EventStore {
  /**
   * The row with its payload validated and in today's field names.
   * @throws NovaError EVENT_NOT_FOUND when the row is gone, DATABASE_UNAVAILABLE
   */
  load<T extends EventType = EventType>(ref: EventRef): Promise<EventRecord<PayloadOf<T>>>;
}
