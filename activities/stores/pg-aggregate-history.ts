import { definitionOf, domainOf, spellingsOf, typesOf } from '../../contracts/catalogue';
import { typesThatCreate } from '../../contracts/consequences';
import { type EventRef, type EventRow, eventRefOf } from '../../contracts/event-ref';
import { type Publication } from '../../contracts/events/consequences';
import * as sql from '../../outbox/events.sql';
import { type OutboxPools } from '../../runtime/outbox-pools';
import { query } from './pg-query';

/** Of an event: whose history, in which outbox, and up to where. */
export type HistoryOf = Pick<EventRef, 'outbox' | 'eventType' | 'aggregateId' | 'sequence'>;

/** Earlier events of an event's aggregate and domain, from the outbox that holds the event: those of another are none of its history. */
export class PgAggregateHistory {
  constructor(private readonly outboxes: OutboxPools) {}

  /** The event that created the post `aggregateId` before `sequence`, unless it was dead-lettered or is long gone. */
  async creation(event: HistoryOf): Promise<EventRef | undefined> {
    const types = typesThatCreate('post', [domainOf(event)]);
    // An event of another domain has no post in its history.
    if (types.length === 0) return undefined;
    const values = [event.aggregateId, event.sequence, types.flatMap(spellingsOf)];
    const row = (await this.rows<EventRow & { eventType: string }>(event, sql.creationOf, values))[0];
    const eventType = row && definitionOf(row.eventType)?.type;
    return eventType && eventRefOf(row, eventType, event.outbox);
  }

  /**
   * Id of the first event of this type and aggregate, up to this sequence, whose payload has the values of `when`, unless
   * it was dead-lettered.
   */
  async firstPublication(event: HistoryOf & Pick<Publication, 'when'>): Promise<string | undefined> {
    const values = [event.aggregateId, event.sequence, spellingsOf(event.eventType), event.when];
    return (await this.rows<{ id: string }>(event, sql.firstPublication, values))[0]?.id;
  }

  /** Ids of earlier events whose workflows were started, newest first. */
  async startedBefore(event: EventRef, limit: number): Promise<readonly string[]> {
    const types = typesOf(domainOf(event)).flatMap(spellingsOf);
    const values = [event.aggregateId, event.sequence, limit, types];
    const rows = await this.rows<{ id: string }>(event, sql.startedBefore, values);
    return rows.map((row) => row.id);
  }

  private async rows<Row extends object>(event: HistoryOf, text: string, values: unknown[]): Promise<Row[]> {
    return (await this.outboxes.ask(event, (outbox) => query<Row>(outbox, text, values))).rows;
  }
}
