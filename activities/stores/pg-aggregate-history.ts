import { definitionOf, spellingsOf } from '../../contracts/catalogue';
import { typesThatCreate } from '../../contracts/consequences';
import { type EventRef, type EventRow, eventRefOf } from '../../contracts/event-ref';
import { type Publication } from '../../contracts/events/consequences';
import * as sql from '../../outbox/events.sql';
import { type Database } from '../../runtime/postgres';
import { query } from './pg-query';

/** Earlier events of an event's aggregate, from the outbox. */
export class PgAggregateHistory {
  constructor(private readonly database: Database) {}

  /** The event that created the post `aggregateId` before `sequence`, unless it was dead-lettered or is long gone. */
  async creation({ aggregateId, sequence }: Pick<EventRef, 'aggregateId' | 'sequence'>): Promise<EventRef | undefined> {
    const values = [aggregateId, sequence, typesThatCreate('post').flatMap(spellingsOf)];
    const row = (await this.rows<EventRow & { eventType: string }>(sql.creationOf, values))[0];
    const eventType = row && definitionOf(row.eventType)?.type;
    return eventType && eventRefOf(row, eventType);
  }

  /**
   * Id of the first event of this type and aggregate, up to this sequence, whose payload has the values of `when`, unless
   * it was dead-lettered.
   */
  async firstPublication({
    eventType,
    aggregateId,
    sequence,
    when,
  }: Pick<EventRef, 'eventType' | 'aggregateId' | 'sequence'> & Pick<Publication, 'when'>): Promise<
    string | undefined
  > {
    const values = [aggregateId, sequence, spellingsOf(eventType), when];
    return (await this.rows<{ id: string }>(sql.firstPublication, values))[0]?.id;
  }

  /** Ids of earlier events whose workflows were started, newest first. */
  async startedBefore(event: EventRef, limit: number): Promise<readonly string[]> {
    const rows = await this.rows<{ id: string }>(sql.startedBefore, [event.aggregateId, event.sequence, limit]);
    return rows.map((row) => row.id);
  }

  private async rows<Row extends object>(text: string, values: unknown[]): Promise<Row[]> {
    return (await query<Row>(this.database, text, values)).rows;
  }
}
