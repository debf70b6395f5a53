import { eventsOfAggregate } from '../../outbox/operators.sql';
import { columnLines } from '../terminal/columns';
import { type Connections } from '../connections';
import { type OutboxAway, askEach } from '../outboxes';

/** One event of an aggregate. */
export interface EventOfAggregate {
  readonly outbox: string;
  readonly id: string;
  readonly eventType: string;
  readonly aggregateType: string;
  readonly sequence: number;
  readonly createdAt: Date;
  /** `pending`, `started`, `on Kafka`, `dead letter` */
  readonly state: string;
}

/** As many as a person reads. */
const shown = 20;

/** The newest events of what has this id, in each outbox that can be asked: people often have the id of a post, not that of an event. */
export async function aggregateEvents(
  { outboxes }: Pick<Connections, 'outboxes'>,
  id: string,
): Promise<{ readonly events: readonly EventOfAggregate[]; readonly away: readonly OutboxAway[] }> {
  const { said, away } = await askEach(
    outboxes,
    async (pool) => (await pool.query<Omit<EventOfAggregate, 'outbox'>>(eventsOfAggregate, [id, shown])).rows,
  );
  return { events: said.flatMap(({ outbox, value }) => value.map((event) => ({ outbox, ...event }))), away };
}

/** @param several whether there are outboxes to distinguish */
export function aggregateText(id: string, events: readonly EventOfAggregate[], several: boolean): string {
  const types = [...new Set(events.map(({ aggregateType }) => aggregateType))].join(', ');
  const lines = events.map((e) => [e.outbox, e.id, e.eventType, e.createdAt.toISOString(), e.state]);
  const table = [['OUTBOX', 'EVENT', 'TYPE', 'WRITTEN', 'STATE'], ...lines];
  return [
    `${id} is no event: it is the ${types} of these, the newest first`,
    ...columnLines(several ? table : table.map((line) => line.slice(1))),
  ].join('\n');
}
