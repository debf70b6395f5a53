import { Client } from '@temporalio/client';
import { loadTruth } from '../../../proof/observe/load-truth';
import { startKafkaReader } from '../../../proof/observe/kafka-reader';
import { type Databases, outboxesIn } from '../../../proof/services';
import { newRunId } from '../../../proof/run/run-id';
import { collectEvidence } from '../../../proof/observe/collect';
import { Books as SettledBooks } from '../../../proof/traffic/books';
import { environmentOf } from '../../../dev/stack/addresses';
import { configFrom, sharedSettings } from '../../../runtime/config';
import { within } from '../../../dev/stack/until';
import { connectClient } from '../../../runtime/temporal';
import { type Books } from '../traffic/books';
import { type ChaosWorld, type FaultRecord } from '../types';
import { openDatabases } from '../world/databases';
import { type Evidence } from './evidence';
import { fatesOf } from './fates';
import { type Losses, lossesOf } from './losses';
import { readBridges, readHandlings, readHeld, readMarks } from './read-tables';

const kafkaPatienceMs = 600_000;

/** The servers of a world, past everything that was put between, by clients of the proof's own. */
export interface Witnesses {
  readonly databases: Databases;
  readonly client: Client;
}

export async function withWitnesses<T>(world: ChaosWorld, work: (witnesses: Witnesses) => Promise<T>): Promise<T> {
  const databases = openDatabases(world.databases, 3, 'nova-chaos-proof');
  const connection = connectClient(configFrom(sharedSettings.temporal, environmentOf(world.direct)));
  try {
    return await work({ databases, client: new Client({ connection, namespace: world.direct.temporalNamespace }) });
  } finally {
    await Promise.allSettled([within(5_000, 'the pools', databases.end()), connection.close()]);
  }
}

/** Asks every server for what it knows; `detail` gets what is being read. */
export async function collect(
  world: ChaosWorld,
  books: Books,
  faults: readonly FaultRecord[],
  detail: (text: string) => void,
): Promise<Omit<Evidence, 'findings'>> {
  return withWitnesses(world, async ({ databases, client }) => {
    detail('the locks that are held');
    const held = await heldIn(databases);
    const marks = await readAllMarks(databases);
    const { pullThreshold, feedCap, names, direct, mails, restores, together } = world;
    const losses = lossesOf(books, marks, restores);
    const { truth, unaccounted } = await loadTruth(databases, settledBooks(books, marks, losses), {
      pullThreshold,
      feedCap,
    });
    const redis = { url: direct.redisUrl, prefix: names.redisPrefix };
    const ids = truth.events.map(({ id }) => id);
    const read = await collectEvidence({ databases, client, workflowQuery: names.workflowQuery, redis }, ids, detail);
    const outboxes = outboxesIn(databases);
    const bridges = (await Promise.all(outboxes.map((pool) => readBridges(pool)))).flat();
    const handlings = await readHandlings(databases.state);
    detail('Kafka, from its beginning to its end');
    const messages = await readTopics(world);
    return {
      ...read,
      books,
      marks,
      truth,
      unaccounted,
      messages,
      mails,
      bridges,
      handlings,
      held,
      faults,
      together,
      restores,
      losses,
    };
  });
}

/** Writers whose COMMIT got no reply, and those who look at the tables now, agree on what happened. */
function settledBooks(books: Books, marks: ReadonlySet<number>, losses: Losses): SettledBooks {
  const { happened, never } = fatesOf(books, marks, losses.transactions);
  const settled = new SettledBooks();
  for (const [id, { events, atMs }] of happened) {
    const event = events.find((one) => one.id === id);
    if (event !== undefined) settled.committed.set(id, { type: event.type, atMs });
  }
  for (const id of never) settled.rolledBack.add(id);
  return settled;
}

/** Numbers of the transactions that happened and were not taken, in whichever database they were. */
export async function readAllMarks(databases: Pick<Databases, 'services'>): Promise<ReadonlySet<number>> {
  const each = await Promise.all(outboxesIn(databases).map(readMarks));
  return new Set(each.flatMap((marks) => [...marks]));
}

/** Of all databases, State's as well. */
async function heldIn(databases: Databases): Promise<string[]> {
  const pools = new Set([databases.state, ...outboxesIn(databases)]);
  return (await Promise.all([...pools].map((pool) => readHeld(pool)))).flat();
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
