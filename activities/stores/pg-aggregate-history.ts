import { definitionOf, domainOf, spellingsOf, typesOf } from '../../contracts/catalogue';
import { typesThatCreate } from '../../contracts/consequences';
import { type EventRef, type EventRow, eventRefOf } from '../../contracts/event-ref';
import { type Publication } from '../../contracts/events/consequences';
import { outboxOf } from '../../contracts/outbox-name';
import * as sql from '../../outbox/events.sql';
import { originsOf } from '../../outbox/moves.sql';
import { type OutboxPools } from '../../runtime/outbox-pools';
import { query } from './pg-query';

/** Of an event: whose history, in which outbox, and up to where. */
export type HistoryOf = Pick<EventRef, 'outbox' | 'eventType' | 'aggregateId' | 'sequence'>;

/**
 * Earlier events of an event's aggregate and domain, from the outbox that holds the event: those of another service are none of its
 * history. Where the domain has come from another outbox, that one has the beginning (docs/decisions/0022-moving.md).
 */
export class PgAggregateHistory {
  constructor(private readonly outboxes: OutboxPools) {}

  /** The event that created the post `aggregateId` before `sequence`, unless it was dead-lettered or is long gone. */
  async creation(event: HistoryOf): Promise<EventRef | undefined> {
    const types = typesThatCreate('post', [domainOf(event)]);
    // An event of another domain has no post in its history.
    if (types.length === 0) return undefined;
    const values = [event.aggregateId, event.sequence, types.flatMap(spellingsOf)];
    for (const outbox of await this.oldestFirst(event)) {
      const row = (await this.rows<EventRow & { eventType: string }>({ outbox }, sql.creationOf, values))[0];
      const eventType = row && definitionOf(row.eventType)?.type;
      if (eventType !== undefined) return eventRefOf(row!, eventType, outbox);
    }
    return undefined;
  }

  /**
   * Id of the first event of this type and aggregate, up to this sequence, whose payload has the values of `when`, unless
   * it was dead-lettered.
   */
  async firstPublication(event: HistoryOf & Pick<Publication, 'when'>): Promise<string | undefined> {
    const values = [event.aggregateId, event.sequence, spellingsOf(event.eventType), event.when];
    for (const outbox of await this.oldestFirst(event)) {
      const first = (await this.rows<{ id: string }>({ outbox }, sql.firstPublication, values))[0]?.id;
      if (first !== undefined) return first;
    }
    return undefined;
  }

  /** Ids of earlier events whose workflows were started, newest first. */
  async startedBefore(event: EventRef, limit: number): Promise<readonly string[]> {
    const types = typesOf(domainOf(event)).flatMap(spellingsOf);
    const found: string[] = [];
    for (const outbox of (await this.oldestFirst(event)).reverse()) {
      if (found.length >= limit) break;
      const values = [event.aggregateId, event.sequence, limit - found.length, types];
      const rows = await this.rows<{ id: string }>({ outbox }, sql.startedBefore, values);
      found.push(...rows.map((row) => row.id));
    }
    return found;
  }

  /**
   * The outbox of the event, behind those that its domain was in before, and before that. One that the settings do not name any more
   * has been removed with its rows.
   */
  private async oldestFirst(event: HistoryOf): Promise<string[]> {
    const found = [outboxOf(event)];
    for (const outbox of found) {
      const before = await this.rows<{ other: string }>({ outbox }, originsOf, [domainOf(event)]);
      for (const { other } of before)
        if (!found.includes(other) && this.outboxes.names.includes(other)) found.push(other);
    }
    return found.reverse();
  }

  private async rows<Row extends object>(
    holder: Pick<EventRef, 'outbox'>,
    text: string,
    values: unknown[],
  ): Promise<Row[]> {
    return (await this.outboxes.ask(holder, (outbox) => query<Row>(outbox, text, values))).rows;
  }
}
