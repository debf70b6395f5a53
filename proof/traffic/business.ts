import { type PoolClient, type QueryResult, type QueryResultRow } from 'pg';
import { publish, type NewEvent } from '../../client/publish';
import { type EventType, definitionOf } from '../../contracts/catalogue';
import { type ServiceName, type ServicePools, serviceOf } from '../services';
import { serviceOfStatement } from './business-schema';
import { type Random } from './random';
import { Sessions } from './sessions';
import { nowMs, type Books } from './books';

/** Thrown inside a transaction to say that there is nothing to do: what it was about is gone. */
export class NothingToDo extends Error {}

/** Deadlock, serialization failure, and a lock that was not got: the transaction did not happen, which is what a rollback is. */
const undone = new Set(['40P01', '40001', '55P03']);

/** An open transaction of a business service. */
export interface Transaction {
  query<Row extends QueryResultRow>(sql: string, values: unknown[]): Promise<QueryResult<Row>>;
  /** Writes the outbox row: mostly by the client library, sometimes as any language could, by a plain INSERT. */
  publish<T extends EventType>(event: NewEvent<T>): Promise<void>;
  /** What the service does once the data is there for others to see. */
  afterCommit(work: () => void): void;
}

/** What runs the transactions of the business services. */
export interface Transactions {
  /** True when it was surely committed. */
  transaction(random: Random, work: (tx: Transaction) => Promise<void>): Promise<boolean>;
}

/** Some services have no client library. */
const plainShare = 0.2;
const rollbackShare = 0.05;
const plainInsert = `
  INSERT INTO nova.outbox_events (id, aggregate_id, event_type, payload) VALUES (gen_random_uuid(), $1, $2, $3) RETURNING id`;

/** Runs business transactions against the services' databases and keeps the books about their events. */
export class Business implements Transactions {
  constructor(
    private readonly services: ServicePools,
    private readonly books: Books,
  ) {}

  /** True when it was committed. One in twenty is rolled back at its very end; its events must never be heard of. */
  async transaction(random: Random, work: (tx: Transaction) => Promise<void>): Promise<boolean> {
    const sessions = new Sessions(this.services);
    const events: PublishedEvent[] = [];
    const then: (() => void)[] = [];
    const rollBack = random.chance(rollbackShare);
    try {
      await work(transactionOn((service, writes) => sessions.of(service, writes), random, events, then));
      if (rollBack) {
        await this.abandon(sessions, events);
        return false;
      }
      const atMs = nowMs();
      await sessions.commit();
      this.books.transactions += 1;
      for (const { id, type } of events) this.books.committed.set(id, { type, atMs });
    } catch (thrown) {
      await this.abandon(sessions, events);
      if (thrown instanceof NothingToDo || undone.has(String((thrown as { code?: unknown }).code))) return false;
      throw thrown;
    } finally {
      sessions.release();
    }
    for (const work of then) work();
    return true;
  }

  private async abandon(sessions: Sessions, events: readonly { id: string }[]): Promise<void> {
    await sessions.rollBack();
    for (const { id } of events) this.books.rolledBack.add(id);
  }
}

/** What was published in a transaction. */
export interface PublishedEvent {
  readonly id: string;
  readonly type: EventType;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** The open transaction in a service's database. */
export type SessionOf = (service: ServiceName, writes: boolean) => Promise<PoolClient>;

/** Business work on open transactions; `events` and `then` collect what it published and what it does afterwards. */
export function transactionOn(
  sessionOf: SessionOf,
  random: Random,
  events: PublishedEvent[],
  then: (() => void)[],
): Transaction {
  return {
    query: async (sql, values) =>
      (await sessionOf(serviceOfStatement(sql), !/^\s*SELECT\b/.test(sql))).query(sql, values),
    afterCommit: (work) => void then.push(work),
    async publish(event) {
      const isPlain = event.priority === undefined && event.traceparent === undefined && random.chance(plainShare);
      const client = await sessionOf(serviceOfType(event.type), true);
      const { id } = isPlain ? await insertPlain(client, random, event) : await publish(client, event);
      events.push({ id, type: event.type, payload: event.payload });
    },
  };
}

/** The service that publishes events of this type. */
export function serviceOfType(type: EventType): ServiceName {
  const definition = definitionOf(type);
  if (definition === undefined) throw new Error(`${type} is not in the catalogue`);
  return serviceOf(definition.domain);
}

async function insertPlain<T extends EventType>(
  client: PoolClient,
  random: Random,
  event: NewEvent<T>,
): Promise<{ id: string }> {
  const definition = definitionOf(event.type);
  if (definition === undefined) throw new Error(`${event.type} is not in the catalogue`);
  const payload = event.payload as Record<string, unknown>;
  const spelling = random.chance(0.5) ? random.pick(definition.aliases) : undefined;
  const values = [payload[definition.partitionKey], spelling ?? event.type, JSON.stringify(payload)];
  const { rows } = await client.query<{ id: string }>(plainInsert, values);
  const [row] = rows;
  if (row === undefined) throw new Error('the insert returned no row');
  return row;
}
