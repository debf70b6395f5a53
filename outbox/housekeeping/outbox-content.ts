import { type Pool } from 'pg';
import { oneLine } from '../../runtime/errors';
import { type OutboxPools } from '../../runtime/outbox-pools';
import { type Database } from '../../runtime/postgres';
import { earlierEventsLeft, eventsLeft, keptDays } from '../partitions.sql';

/** A stretch of time as RFC 3339, without its end. */
export interface Stretch {
  readonly from: string;
  readonly to: string;
}

/** What ledger rows name of outboxes: events, or of an aggregate all events up to a sequence. */
export type Asked =
  { readonly events: readonly string[] } | { readonly aggregates: readonly string[]; readonly upTo: readonly number[] };

/** Why nothing is known of what is left, by outbox: it does not reply, or a day is half-way out that may come back. */
export type Silence = Readonly<Record<string, string>>;

export const halfWayOut = 'has a day half-way out';

/**
 * What is left in all outboxes. A person who takes one off the list says with it that its rows do not count any more. One that does not
 * reply might have any row, so then nothing is known.
 */
export class OutboxContent {
  constructor(private readonly outboxes: OutboxPools) {}

  get names(): readonly string[] {
    return this.outboxes.names;
  }

  /** The days that one outbox has at least. */
  keptDays(): Promise<{ known: Stretch[] } | { silence: Silence }> {
    return this.ofEach(async (outbox) => (await outbox.query<Stretch>(keptDays)).rows);
  }

  /** Places in the lists of `asked` of which one outbox at least has a row. */
  left(asked: Asked): Promise<{ known: number[] } | { silence: Silence }> {
    return this.ofEach((outbox) => leftIn(outbox, asked));
  }

  /** Asks all at once, each over connections of its own: the slowest says how long it takes. */
  private async ofEach<T>(ask: (outbox: Pool) => Promise<T[]>): Promise<{ known: T[] } | { silence: Silence }> {
    const known: T[] = [];
    const silence: Record<string, string> = {};
    await Promise.all(
      this.names.map(async (outbox) => {
        try {
          known.push(...(await ask(this.outboxes.of({ outbox }))));
        } catch (thrown) {
          silence[outbox] = thrown instanceof HalfWay ? halfWayOut : `does not reply: ${oneLine(thrown)}`;
        }
      }),
    );
    return Object.keys(silence).length > 0 ? { silence } : { known };
  }
}

class HalfWay extends Error {}

async function leftIn(outbox: Database, asked: Asked): Promise<number[]> {
  type Row = { halfWay: boolean; left: number[] };
  const { rows } =
    'events' in asked
      ? await outbox.query<Row>(eventsLeft, [asked.events])
      : await outbox.query<Row>(earlierEventsLeft, [asked.aggregates, asked.upTo]);
  if (rows[0]?.halfWay !== false) throw new HalfWay();
  return rows[0].left;
}
