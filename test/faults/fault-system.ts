import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client } from '@temporalio/client';
import { Redis } from 'ioredis';
import { type QueueName, queueNames } from '../../contracts/workflow-types';
import { environmentOf } from '../../dev/stack/addresses';
import { type Collector, type TestTopics, collect, createTestTopics } from '../support/kafka';
import { servers } from '../support/servers';
import { type SmtpLab, startSmtpLab } from '../support/smtp-lab';
import { createTestClient, testQueuePrefix, workflowBundle } from '../support/temporal';
import { compileSources } from './compile';
import { Crew } from './crew';
import { type FaultDatabases, createFaultDatabases } from './databases';

/** A whole system of its own on the real servers: databases, topics, keys, queues, mail server, bridges and workers. */
export interface FaultSystem {
  readonly databases: FaultDatabases;
  readonly client: Client;
  readonly redis: Redis;
  readonly kafka: Collector;
  readonly mail: SmtpLab;
  readonly bridges: Crew;
  readonly workers: Crew;
  /** For hit files. */
  readonly folder: string;
  /** What a process needs to be part of this system, beside its databases. */
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

export interface Crews {
  readonly bridges: number;
  readonly workers: number;
  /** Task queues of the events that the stories write; a worker process boots the faster, the fewer there are. Default: of all events. */
  readonly queues?: readonly QueueName[];
}

/** Services have databases of their own unless `apart` is false. */
export async function openSystem(crews: Crews, apart = true): Promise<FaultSystem> {
  const folder = mkdtempSync(join(tmpdir(), 'nova-faults-'));
  const bundle = join(folder, 'workflow-bundle.js');
  writeFileSync(bundle, (await workflowBundle()).code);
  const [, databases, topics, client, mail] = await Promise.all([
    compileSources(folder),
    createFaultDatabases(apart),
    patientTopics(),
    createTestClient(),
    startSmtpLab(),
  ]);
  const prefix = testQueuePrefix();
  const environment = {
    ...environmentOf(servers()),
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
  const bridges = new Crew({
    folder,
    entry: 'test/support/faulty-bridge.js',
    size: crews.bridges,
    environment: { ...environment, ...databases.environmentOf('bridge') },
  });
  const workers = new Crew({
    folder,
    entry: 'test/support/faulty-workers.js',
    ...{ size: crews.workers, spare: 1 },
    environment: {
      ...environment,
      ...databases.environmentOf('workers'),
      WORKER_QUEUES: (crews.queues ?? queueNames).join(','),
    },
    upWhen: '"msg":"ready: tasks are taken"',
  });
  bridges.start();
  const kafka = await collect(topics.kafka, Object.values(topics.topics));
  await workers.ready();
  return {
    ...{ databases, client, redis, kafka, mail, bridges, workers, folder, environment },
    close: () => close({ databases, client, redis, kafka, mail, bridges, workers, folder, topics }),
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
  await system.databases.drop();
  rmSync(system.folder, { recursive: true, force: true });
}
