import { type Pool, type PoolClient, type QueryResult, type QueryResultRow } from 'pg';
import { type Begun, type Claim, type Claims, type Place } from './handling-claim';

/** The transaction in which the mark of an event is written. */
export interface HandlerTransaction {
  query<Row extends QueryResultRow>(sql: string, values?: unknown[]): Promise<QueryResult<Row>>;
}

type Context = { readonly tx: HandlerTransaction };

// One handling of a partition at a time. The lock ends with its transaction, also when the process or its connection dies.
const lock = `SELECT pg_try_advisory_xact_lock(hashtextextended($1, 7031)) AS mine`;
/** A process that was frozen in a handler cannot commit any more when another may have begun. */
const limitIdle = `SELECT set_config('idle_in_transaction_session_timeout', $1, true)`;
const mark = `INSERT INTO handled_events (consumer_group, event_id) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING 1`;

/** Remembers what a group has handled in PostgreSQL, in the same transaction as what its handler writes. */
export class PgHandlingClaims implements Claims<Context> {
  constructor(
    private readonly pool: Pool,
    private readonly options: { readonly group: string; readonly longestMs: number },
  ) {}

  async begin(eventId: string, { topic, partition }: Place): Promise<Begun<Context>> {
    const { group, longestMs } = this.options;
    const client = await this.pool.connect();
    const handling = new PgHandling(client);
    try {
      await client.query('BEGIN');
      await client.query(limitIdle, [String(longestMs)]);
      const { rows } = await client.query<{ mine: boolean }>(lock, [`${group} ${topic}/${partition}`]);
      if (rows[0]?.mine !== true) return await handling.endWithout('held');
      if ((await client.query(mark, [group, eventId])).rowCount === 0) return await handling.endWithout('handled');
      await client.query('SAVEPOINT handler');
      return handling;
    } catch (thrown) {
      await handling.release();
      throw thrown;
    }
  }
}

class PgHandling implements Claim<Context> {
  readonly context: Context;
  private lost: Error | undefined;
  private isOpen = true;

  constructor(private readonly client: PoolClient) {
    // The connection may be lost while the handler runs. Without a listener that would end the process.
    client.on('error', this.onLost);
    this.context = { tx: { query: (sql, values) => this.query(sql, values) } };
  }

  async renew(): Promise<boolean> {
    return this.lost === undefined;
  }

  /** Commits what the handler wrote together with the mark. */
  async finish(): Promise<boolean> {
    // A handler that caught an error of PostgreSQL and went on: COMMIT would roll back and not say so.
    return this.commitAfter('RELEASE SAVEPOINT handler');
  }

  /** Takes back what the handler wrote and commits the mark alone. */
  async giveUp(): Promise<boolean> {
    return this.commitAfter('ROLLBACK TO SAVEPOINT handler');
  }

  /** Takes everything back. The connection goes: a handler that was abandoned may still be using it. */
  async release(): Promise<void> {
    this.isOpen = false;
    this.giveBack(true);
  }

  async endWithout<T>(outcome: T): Promise<T> {
    await this.client.query('ROLLBACK');
    this.giveBack();
    return outcome;
  }

  private async commitAfter(endOfHandler: string): Promise<boolean> {
    this.isOpen = false;
    if (this.lost !== undefined) throw this.lost;
    await this.client.query(endOfHandler);
    await this.client.query('COMMIT');
    this.giveBack();
    return true;
  }

  private query<Row extends QueryResultRow>(sql: string, values: unknown[] = []): Promise<QueryResult<Row>> {
    if (!this.isOpen)
      return Promise.reject(
        new Error('the transaction of this handler is over: a handler must wait for all that it begins'),
      );
    return this.client.query<Row>(sql, values);
  }

  private readonly onLost = (error: Error): void => void (this.lost = error);
  private isGiven = false;

  private giveBack(broken = this.lost !== undefined): void {
    if (this.isGiven) return;
    this.isGiven = true;
    this.client.off('error', this.onLost);
    this.client.release(broken);
  }
}
