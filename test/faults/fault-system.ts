import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client } from '@temporalio/client';
import { Redis } from 'ioredis';
import { definitionOf, type EventType, type PayloadInput } from '../../contracts/catalogue';
import { environmentOf } from '../../dev/stack/addresses';
import { type TestDatabase, createTestDatabase } from '../support/database';
import { newId } from '../support/events';
import { type Collector, type TestTopics, collect, createTestTopics } from '../support/kafka';
import { servers } from '../support/servers';
import { type SmtpLab, startSmtpLab } from '../support/smtp-lab';
import { createTestClient, testQueuePrefix, workflowBundle } from '../support/temporal';
import { compileSources } from './compile';
import { Crew } from './crew';

/** A whole system of its own on the real servers: database, topics, keys, queues, mail server, bridges and workers. */
export interface FaultSystem {
  readonly database: TestDatabase;
  readonly client: Client;
  readonly redis: Redis;
  readonly kafka: Collector;
  readonly mail: SmtpLab;
  readonly bridges: Crew;
  readonly workers: Crew;
  /** For hit files. */
  readonly folder: string;
  /** What a process needs to be part of this system. */
  readonly environment: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/**
 * Length of a claim's lease in the matrix. A claim, a start and a mark end after a quarter or a third of it: shorter, and a
 * slow machine would cross these again and again.
 */
export const leaseMs = 4_000;
/** Length of a delivery's. */
export const deliveryLeaseMs = 12_000;
/** Followers per page, so that a small audience takes several. */
const pageSize = 2;

export async function openSystem(crews: { readonly bridges: number; readonly workers: number }): Promise<FaultSystem> {
  const folder = mkdtempSync(join(tmpdir(), 'nova-faults-'));
  const bundle = join(folder, 'workflow-bundle.js');
  writeFileSync(bundle, (await workflowBundle()).code);
  const [, database, topics, client, mail] = await Promise.all([
    compileSources(folder),
    createTestDatabase(),
    patientTopics(),
    createTestClient(),
    startSmtpLab(),
  ]);
  const prefix = testQueuePrefix();
  const environment = {
    ...environmentOf(servers()),
    DATABASE_URL: database.url,
    KAFKA_TOPIC_PREFIX: topics.prefix,
    KAFKA_CREATE_TOPICS: 'false',
    TASK_QUEUE_PREFIX: prefix,
    REDIS_KEY_PREFIX: `${prefix}:`,
    SMTP_URL: mail.url,
    // A few people write all of it: every e-mail that is due is counted.
    EMAILS_PER_ACTOR_PER_HOUR: '1000',
    WORKFLOW_BUNDLE: bundle,
    FEED_PAGE_SIZE: String(pageSize),
    DELIVERY_LEASE_MS: String(deliveryLeaseMs),
    OUTBOX_LEASE_MS: String(leaseMs),
    OUTBOX_POLL_MAX_MS: '50',
  };
  const redis = new Redis(servers().redisUrl, { keyPrefix: `${prefix}:`, maxRetriesPerRequest: 2 });
  redis.on('error', () => undefined); // the command that fails says it
  const bridges = new Crew({ folder, entry: 'test/support/faulty-bridge.js', size: crews.bridges, environment });
  const workers = new Crew({
    folder,
    entry: 'test/support/faulty-workers.js',
    size: crews.workers,
    environment,
    upWhen: '"msg":"ready: tasks are taken"',
  });
  bridges.start();
  const kafka = await collect(topics.kafka, Object.values(topics.topics));
  await workers.ready();
  return {
    ...{ database, client, redis, kafka, mail, bridges, workers, folder, environment },
    close: () => close({ database, client, redis, kafka, mail, bridges, workers, folder, topics }),
  };
}

/** A broker with much to do may answer that it does not know the topics it has just made. */
async function patientTopics(tries = 3): Promise<TestTopics> {
  try {
    return await createTestTopics();
  } catch (thrown) {
    if (tries === 1) throw thrown;
    return patientTopics(tries - 1);
  }
}

async function close(
  system: Omit<FaultSystem, 'environment' | 'close'> & { readonly topics: TestTopics },
): Promise<void> {
  await Promise.all([system.bridges.stop(), system.workers.stop()]);
  await system.kafka.stop();
  const prefix = system.redis.options.keyPrefix ?? '';
  const keys = await system.redis.keys(`${prefix}*`);
  if (keys.length > 0) await system.redis.unlink(keys.map((key) => key.slice(prefix.length)));
  system.redis.disconnect();
  await Promise.all([system.mail.stop(), system.client.connection.close(), system.topics.drop()]);
  await system.database.drop();
  rmSync(system.folder, { recursive: true, force: true });
}

/** A row of the outbox, made ahead so that its id is known before it is committed. */
export interface Row {
  readonly id: string;
  readonly type: EventType;
  readonly aggregateId: string;
  readonly payload: object;
}

export function row<T extends EventType>(type: T, payload: PayloadInput<T>): Row {
  const key = definitionOf(type)?.partitionKey ?? '';
  return { id: newId(), type, aggregateId: String((payload as Record<string, unknown>)[key]), payload };
}

/** Commits rows in one transaction, as any service would, with what else belongs to it. */
export async function commit(
  system: FaultSystem,
  rows: readonly Row[],
  ...statements: [string, unknown[]][]
): Promise<void> {
  await transact(system, rows, statements, 'COMMIT');
}

/** The same, rolled back: none of it may ever be seen. */
export async function rollBack(system: FaultSystem, rows: readonly Row[]): Promise<void> {
  await transact(system, rows, [], 'ROLLBACK');
}

async function transact(
  system: FaultSystem,
  rows: readonly Row[],
  statements: readonly [string, unknown[]][],
  end: 'COMMIT' | 'ROLLBACK',
): Promise<void> {
  const client = await system.database.pool.connect();
  try {
    await client.query('BEGIN');
    for (const [sql, values] of statements) await client.query(sql, values);
    for (const { id, aggregateId, type, payload } of rows)
      await client.query('INSERT INTO outbox_events (id, aggregate_id, event_type, payload) VALUES ($1, $2, $3, $4)', [
        id,
        aggregateId,
        type,
        JSON.stringify(payload),
      ]);
    await client.query(end);
  } finally {
    client.release();
  }
}
