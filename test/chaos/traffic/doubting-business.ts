import { type Pool, type PoolClient } from 'pg';
import { NovaError } from '../../../contracts/failures';
import { type Random } from '../../../proof/traffic/random';
import { NothingToDo, type Transaction, transactionOn, type Transactions } from '../../../proof/traffic/business';
import { nowMs } from '../../../proof/traffic/books';
import { oneLine } from '../../../runtime/errors';
import { type WrittenEvent } from './books';
import { type BooksFile } from './books-file';
import { beginOn, isMistake, isRefusedCommit, sqlState } from './writers-pool';

const rollbackShare = 0.05;
/** Of the rollbacks, those that just hang up. */
const hangUpShare = 0.3;

/** Runs business transactions on servers that fail under them, and writes down what it knows of each and no more. */
export class DoubtingBusiness implements Transactions {
  constructor(
    private readonly pool: Pool,
    private readonly books: BooksFile,
  ) {}

  /**
   * True when it was surely committed. One in twenty is rolled back at its very end. A transaction that fails
   * before COMMIT is sent did not happen. One whose COMMIT gets no reply is in doubt: the writer goes on as if it had not
   * happened.
   * @throws only on mistakes of the writer
   */
  async transaction(random: Random, work: (tx: Transaction) => Promise<void>): Promise<boolean> {
    const client = await this.pool.connect().catch(() => undefined);
    if (client === undefined) return false;
    // The query that is under way reports what is wrong with the connection.
    const ignore = (): void => undefined;
    client.on('error', ignore);
    const tx = this.books.begin();
    const events: WrittenEvent[] = [];
    const then: (() => void)[] = [];
    let reusable = false;
    try {
      const ready = await this.prepare(client, tx, random, async (transaction) => {
        await work(transactionOn(async () => transaction, random, events, then));
      });
      if (ready !== true) {
        reusable = await this.rollBack(client, tx, events, ready, random);
        return false;
      }
      reusable = await this.commit(client, tx, events);
    } finally {
      client.off('error', ignore);
      client.release(!reusable);
    }
    if (!reusable) return false;
    for (const after of then) after();
    return true;
  }

  /** True when it is ready to be committed; else what is against it. */
  private async prepare(
    client: PoolClient,
    tx: number,
    random: Random,
    work: (client: PoolClient) => Promise<void>,
  ): Promise<true | Error> {
    try {
      await beginOn(client);
      await client.query('INSERT INTO business.transactions (tx) VALUES ($1)', [tx]);
      await work(client);
      return random.chance(rollbackShare) ? new Error('planned') : true;
    } catch (thrown) {
      if (thrown instanceof NovaError || isMistake(thrown)) {
        await this.rollBack(client, tx, [], thrown as Error, random);
        throw thrown;
      }
      return thrown as Error;
    }
  }

  /** Returns whether the connection is still good. */
  private async rollBack(
    client: PoolClient,
    tx: number,
    events: readonly WrittenEvent[],
    why: Error,
    random: Random,
  ): Promise<boolean> {
    const reason = why instanceof NothingToDo ? 'nothing to do' : (sqlState(why) ?? oneLine(why, 100));
    this.books.isRolledBack(tx, nowMs(), events, reason);
    if (random.chance(hangUpShare)) return false;
    return client.query('ROLLBACK').then(
      () => true,
      () => false,
    );
  }

  /** Returns whether it is surely committed. */
  private async commit(client: PoolClient, tx: number, events: readonly WrittenEvent[]): Promise<boolean> {
    this.books.committing(tx, nowMs(), events);
    try {
      const { command } = await client.query('COMMIT');
      if (command === 'COMMIT') {
        this.books.isCommitted(tx, events);
        return true;
      }
      // The server replies to the COMMIT of a failed transaction with ROLLBACK.
      this.books.isRolledBack(tx, nowMs(), events, `COMMIT got ${command}`);
    } catch (thrown) {
      if (isRefusedCommit(thrown)) this.books.isRolledBack(tx, nowMs(), events, sqlState(thrown) ?? '');
      else this.books.isInDoubt(tx, events);
    }
    return false;
  }
}
