import { Client } from '@temporalio/client';
import { Pool } from 'pg';
import { loadTruth } from '../../../proof/observe/load-truth';
import { startKafkaReader } from '../../../proof/observe/kafka-reader';
import { oneDatabase } from '../../../proof/services';
import { newRunId } from '../../../proof/run/run-id';
import { collectEvidence } from '../../../proof/observe/collect';
import { Books as SettledBooks } from '../../../proof/traffic/books';
import { environmentOf } from '../../../dev/stack/addresses';
import { configFrom, sharedSettings } from '../../../runtime/config';
import { within } from '../../../dev/stack/until';
import { connectClient } from '../../../runtime/temporal';
import { type Books } from '../traffic/books';
import { type ChaosWorld, type FaultRecord } from '../types';
import { type Evidence } from './evidence';
import { fatesOf } from './fates';
import { readBridges, readHandlings, readHeld, readMarks } from './read-tables';

const kafkaPatienceMs = 600_000;

/** The servers of a world, past everything that was put between, by clients of the proof's own. */
export interface Witnesses {
  readonly pool: Pool;
  readonly client: Client;
}

export async function withWitnesses<T>(world: ChaosWorld, work: (witnesses: Witnesses) => Promise<T>): Promise<T> {
  const pool = new Pool({ connectionString: world.databaseUrl, max: 3, application_name: 'nova-chaos-proof' });
  pool.on('error', () => undefined);
  const connection = connectClient(configFrom(sharedSettings.temporal, environmentOf(world.direct)));
  try {
    return await work({ pool, client: new Client({ connection, namespace: world.direct.temporalNamespace }) });
  } finally {
    await Promise.allSettled([within(5_000, 'the pool', pool.end()), connection.close()]);
  }
}

/** Asks every server for what it knows; `detail` gets what is being read. */
export async function collect(
  world: ChaosWorld,
  books: Books,
  faults: readonly FaultRecord[],
  detail: (text: string) => void,
): Promise<Evidence> {
  return withWitnesses(world, async ({ pool, client }) => {
    detail('the locks that are held');
    const held = await readHeld(pool);
    const marks = await readMarks(pool);
    const { pullThreshold, feedCap, names, direct, mails } = world;
    const { truth, unaccounted } = await loadTruth(oneDatabase(pool), settledBooks(books, marks), {
      pullThreshold,
      feedCap,
    });
    const redis = { url: direct.redisUrl, prefix: names.redisPrefix };
    const ids = truth.events.map(({ id }) => id);
    const read = await collectEvidence(
      { databases: oneDatabase(pool), client, workflowQuery: names.workflowQuery, redis },
      ids,
      detail,
    );
    const [bridges, handlings] = [await readBridges(pool), await readHandlings(pool)];
    detail('Kafka, from its beginning to its end');
    const messages = await readTopics(world);
    return { ...read, books, marks, truth, unaccounted, messages, mails, bridges, handlings, held, faults };
  });
}

/** Writers whose COMMIT got no reply, and those who look at the tables now, agree on what happened. */
function settledBooks(books: Books, marks: ReadonlySet<number>): SettledBooks {
  const { happened, never } = fatesOf(books, marks);
  const settled = new SettledBooks();
  for (const [id, { events, atMs }] of happened) {
    const event = events.find((one) => one.id === id);
    if (event !== undefined) settled.committed.set(id, { type: event.type, atMs });
  }
  for (const id of never) settled.rolledBack.add(id);
  return settled;
}

async function readTopics({ direct, names }: ChaosWorld): Promise<Evidence['messages']> {
  const reader = await startKafkaReader(direct.kafkaBrokers, names.topicPrefix, `proof-${newRunId()}`);
  try {
    await reader.readToEnd(kafkaPatienceMs);
    return [...reader.messages];
  } finally {
    await reader.close();
  }
}
