import { type Pool } from 'pg';
import { taskQueue } from '../../contracts/workflow-types';
import { countedToSendAgain, emitAgain, emittedByType } from '../../outbox/emit-again.sql';
import { type OutboxPools } from '../../runtime/outbox-pools';
import { livingWorkersOf, workerProcesses } from '../../runtime/worker-processes';
import { type Act, actForFunction } from '../acts/acts';
import { type OutboxAway, askEach } from '../outboxes';

/** What of one outbox would be sent to Kafka again. */
export interface EmittedRows {
  readonly outbox: string;
  /** By the clock of its database. */
  readonly from: Date;
  readonly to: Date;
  /** Of the first 10,000 by the time at which Kafka acknowledged them. */
  readonly types: readonly {
    readonly eventType: string;
    readonly count: number;
    readonly first: Date;
    readonly last: Date;
  }[];
  /** There are more. */
  readonly more: boolean;
}

export interface Wanted {
  readonly sinceMs: number;
  /** Spellings of the only type that is meant; null: every type. */
  readonly spellings: readonly string[] | null;
}

/** Processes that send events now: sent beside what is taken back, an event would overtake an earlier one of its aggregate. */
export async function livingEmitters(state: Pool, taskQueuePrefix: string): Promise<number> {
  return livingWorkersOf(taskQueue(taskQueuePrefix, 'kafka'), await workerProcesses(state));
}

/** What Kafka acknowledged within the time, by outbox and type. */
export async function emittedWithin(
  outboxes: OutboxPools,
  { sinceMs, spellings }: Wanted,
): Promise<{ readonly found: readonly EmittedRows[]; readonly away: readonly OutboxAway[] }> {
  const { said, away } = await askEach(outboxes, async (pool) => {
    const to = (await pool.query<{ now: Date }>('SELECT clock_timestamp() AS now')).rows[0]!.now;
    const from = new Date(to.getTime() - sinceMs);
    const types = (await pool.query<EmittedRows['types'][number]>(emittedByType, [from, to, spellings])).rows;
    return { from, to, types };
  });
  const found = said.map(({ outbox, value }) => {
    const rows = value.types.reduce((sum, { count }) => sum + count, 0);
    return { outbox, ...value, more: rows === countedToSendAgain };
  });
  return { found, away };
}

/** Rows of one statement. */
const batch = 1_000;

/**
 * Takes back of the rows of one outbox that Kafka has them, the first ones first; each batch with its act. A second try goes on with the rest.
 * @param onBatch after each: how many it were so far
 */
export async function takeBack(
  pool: Pool,
  { from, to }: Pick<EmittedRows, 'from' | 'to'>,
  spellings: readonly string[] | null,
  act: Act,
  onBatch: (rows: number) => void,
): Promise<number> {
  for (let done = 0; ;) {
    const values = [from, to, spellings, batch, actForFunction(act)];
    const rows = (await pool.query<{ rows: number }>(emitAgain, values)).rows[0]?.rows ?? 0;
    onBatch((done += rows));
    if (rows < batch) return done;
  }
}
