import { type Pool, type PoolClient } from 'pg';
import { NovaError } from '../../../contracts/failures';
import { type Random } from '../../../proof/traffic/random';
import {
  NothingToDo,
  type PublishedEvent,
  serviceOfType,
  type Transaction,
  transactionOn,
  type Transactions,
} from '../../../proof/traffic/business';
import { nowMs } from '../../../proof/traffic/books';
import { type ServiceName, type ServicePools } from '../../../proof/services';
import { oneLine } from '../../../runtime/errors';
import { type BooksFile } from './books-file';
import { beginOn, isMistake, isRefusedCommit, sqlState } from './writers-pool';

const rollbackShare = 0.05;
/** Of the rollbacks, those that just hang up. */
const hangUpShare = 0.3;

/** The transaction in one of the databases that a piece of work touches. */
interface Part {
  readonly service: ServiceName;
  readonly client: PoolClient;
  /** Its number, in the books and, once it writes, in `business.transactions`. */
  readonly tx: number;
  writes: boolean;
  /** The connection may go back to the pool. */
  reusable: boolean;
}

/** Listens to connections that break between two queries: the query that is under way reports what is wrong. */
const ignore = (): void => undefined;

/** Runs business transactions on servers that fail under them, and writes down what it knows of each and no more. */
export class DoubtingBusiness implements Transactions {
  constructor(
    private readonly services: ServicePools,
    private readonly books: BooksFile,
  ) {}

  /**
   * True when it was surely committed. One in twenty is rolled back at its very end. A transaction that fails
   * before COMMIT is sent did not happen. One whose COMMIT gets no reply is in doubt: the writer goes on as if it had not
   * happened. Work in several databases is committed in one after the other, for as long as each surely was.
   * @throws only on mistakes of the writer
   */
  async transaction(random: Random, work: (tx: Transaction) => Promise<void>): Promise<boolean> {
    const parts = new Map<Pool, Part>();
    const events: PublishedEvent[] = [];
    const then: (() => void)[] = [];
    let happened = false;
    try {
      const ready = await this.prepare(parts, random, (sessionOf) =>
        work(transactionOn(sessionOf, random, events, then)),
      );
      if (ready === true) happened = await this.commitAll([...parts.values()], events, random);
      else await this.rollBack([...parts.values()], events, ready, random);
      if (ready !== true && (ready instanceof NovaError || isMistake(ready))) throw ready;
    } finally {
      for (const { client, reusable } of parts.values()) {
        client.off('error', ignore);
        client.release(!reusable);
      }
    }
    if (!happened) return false;
    for (const after of then) after();
    return true;
  }

  /** True when it is ready to be committed; else what is against it. */
  private async prepare(
    parts: Map<Pool, Part>,
    random: Random,
    work: (sessionOf: (service: ServiceName, writes: boolean) => Promise<PoolClient>) => Promise<void>,
  ): Promise<true | Error> {
    try {
      await work(async (service, writes) => {
        const part = parts.get(this.services[service]) ?? (await this.begin(parts, service));
        if (writes && !part.writes) {
          part.writes = true;
          await part.client.query('INSERT INTO business.transactions (tx) VALUES ($1)', [part.tx]);
        }
        return part.client;
      });
      return random.chance(rollbackShare) ? new Error('planned') : true;
    } catch (thrown) {
      return thrown as Error;
    }
  }

  private async begin(parts: Map<Pool, Part>, service: ServiceName): Promise<Part> {
    const pool = this.services[service];
    const client = await pool.connect();
    client.on('error', ignore);
    const part: Part = { service, client, tx: this.books.begin(), writes: false, reusable: false };
    parts.set(pool, part);
    await beginOn(client);
    return part;
  }

  private async rollBack(
    parts: readonly Part[],
    events: readonly PublishedEvent[],
    why: Error,
    random: Random,
  ): Promise<void> {
    const reason = why instanceof NothingToDo ? 'nothing to do' : (sqlState(why) ?? oneLine(why, 100));
    for (const part of parts) {
      const own = this.eventsOf(part, events);
      this.books.isRolledBack(part.tx, nowMs(), own, reason, part.service);
    }
    if (random.chance(hangUpShare)) return;
    for (const part of parts)
      part.reusable = await part.client.query('ROLLBACK').then(
        () => true,
        () => false,
      );
  }

  /** Those that write first, in the order in which they began. Returns whether all of it is surely committed. */
  private async commitAll(parts: readonly Part[], events: readonly PublishedEvent[], random: Random): Promise<boolean> {
    const writing = parts.filter(({ writes }) => writes);
    const holding = parts.filter(({ writes }) => !writes);
    // A server that was killed holds no row any more: who deletes it need not wait for us.
    const lost = await this.firstLost(holding);
    if (lost !== undefined) {
      await this.rollBack(parts, events, lost, random);
      return false;
    }
    for (const [i, part] of writing.entries()) {
      if (await this.commit(part, this.eventsOf(part, events))) continue;
      await this.rollBack(
        writing.slice(i + 1),
        events,
        new Error('the part before it is not surely committed'),
        random,
      );
      return false;
    }
    // What only held rows is let go.
    for (const part of holding)
      part.reusable = await part.client.query('COMMIT').then(
        () => true,
        () => false,
      );
    return true;
  }

  private async firstLost(holding: readonly Part[]): Promise<Error | undefined> {
    for (const { client } of holding) {
      const lost = await client.query('SELECT').then(
        () => undefined,
        (thrown: unknown) => thrown as Error,
      );
      if (lost !== undefined) return lost;
    }
    return undefined;
  }

  /** Returns whether it is surely committed. */
  private async commit(part: Part, events: readonly PublishedEvent[]): Promise<boolean> {
    const { tx, client, service } = part;
    this.books.committing(tx, nowMs(), events, service);
    try {
      const { command } = await client.query('COMMIT');
      if (command === 'COMMIT') {
        this.books.isCommitted(tx, events);
        return (part.reusable = true);
      }
      // The server replies to the COMMIT of a failed transaction with ROLLBACK.
      this.books.isRolledBack(tx, nowMs(), events, `COMMIT got ${command}`, service);
    } catch (thrown) {
      if (isRefusedCommit(thrown)) this.books.isRolledBack(tx, nowMs(), events, sqlState(thrown) ?? '', service);
      else this.books.isInDoubt(tx, events);
    }
    return false;
  }

  /** Those that were published in this part's database. */
  private eventsOf({ service }: Part, events: readonly PublishedEvent[]): readonly PublishedEvent[] {
    const pool = this.services[service];
    return events.filter(({ type }) => this.services[serviceOfType(type)] === pool);
  }
}
