import { type EventRef } from '../../../../contracts/event-ref';
import { type PoolClient } from 'pg';
import { type PgEmitTransaction } from '../../../../activities/emit/pg-emit-log';
import { type TestDatabase, createTestDatabase } from '../../../support/database';
import { type EmitterOptions, type TestEmitter, startEmitter } from '../../../support/emitter';
import { insertEvent, newId } from '../../../support/events';
import { type Collector, type TestTopics, collect, createTestTopics } from '../../../support/kafka';
import { endSessions, underWay } from '../../../support/server-activity';
import { waitFor } from '../../../support/wait-for';

let database: TestDatabase;
let topics: TestTopics;
let collector: Collector;
const emitters: TestEmitter[] = [];

const emitter = async (replaced?: EmitterOptions['replaced']): Promise<TestEmitter> => {
  const options = { databaseUrl: database.url, topics: topics.topics };
  const started = await startEmitter(replaced === undefined ? options : { ...options, replaced });
  emitters.push(started);
  return started;
};

/** The events of a post, in the order they were written. */
async function postEvents(count: number): Promise<EventRef[]> {
  const payload = { post_id: newId(), user_id: newId() };
  const refs = [await insertEvent(database.pool, 'content.post.created', payload)];
  while (refs.length < count) refs.push(await insertEvent(database.pool, 'content.post.updated', payload));
  return refs;
}

/** Sequences received of an aggregate, in the order Kafka has them. */
const sequencesOf = (ref: EventRef | undefined): number[] =>
  collector.messages
    .filter((message) => message.key === ref?.aggregateId)
    .map((message) => Number(message.headers['sequence']));
const firstAppearances = (sequences: readonly number[]): number[] => [...new Set(sequences)];
const byChance = <T>(items: readonly T[]): T[] =>
  items
    .map((item) => ({ item, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
const unemitted = async (): Promise<number> =>
  (await database.pool.query('SELECT 1 FROM outbox_events WHERE emitted_at IS NULL AND dead_lettered_at IS NULL'))
    .rowCount ?? 0;

const untilWaiting = (looked: { applicationName: string; query?: string }) =>
  waitFor(async () => (await underWay(database.pool, { ...looked, waitsForLock: true })).length === 1);
/** The time limit of its statements is not what a test is about that holds one up. */
const withoutLimit = (transaction: PgEmitTransaction) =>
  (transaction as unknown as { client: PoolClient }).client.query('SET LOCAL statement_timeout = 0');

beforeAll(async () => {
  [database, topics] = await Promise.all([createTestDatabase(), createTestTopics(['content'])]);
  collector = await collect(topics.kafka, [topics.topics.content]);
});

afterAll(async () => {
  await Promise.all(emitters.map((started) => started.close()));
  await collector.stop();
  await Promise.all([database.drop(), topics.drop()]);
});

it('emits each event once and in the order of its aggregate, whichever of two processes asks, in whatever order', async () => {
  const posts = await Promise.all(Array.from({ length: 8 }, () => postEvents(25)));
  const [one, other] = [await emitter(), await emitter()];
  await Promise.all(byChance(posts.flat()).map((ref, i) => (i % 2 === 0 ? one : other).emit(ref)));

  expect(await unemitted()).toBe(0);
  expect(await topics.messageCount('content')).toBe(200);
  await waitFor(() => collector.messages.length === 200);
  for (const refs of posts) expect(sequencesOf(refs[0])).toEqual(refs.map((ref) => ref.sequence));
});

it('sends what is before an event in its aggregate first, though no process asked for it yet', async () => {
  const refs = await postEvents(5);
  const process = await emitter();
  await process.emit(refs[3] as EventRef);
  await waitFor(() => sequencesOf(refs[0]).length === 4);
  expect(sequencesOf(refs[0])).toEqual(refs.slice(0, 4).map((ref) => ref.sequence));

  await Promise.all(refs.map((ref) => process.emit(ref)));
  await waitFor(() => sequencesOf(refs[0]).length >= 5);
  expect(sequencesOf(refs[0])).toEqual(refs.map((ref) => ref.sequence));
});

it('drains an aggregate whose backlog is longer than one flush', async () => {
  const refs = await postEvents(130);
  await (await emitter()).emit(refs.at(-1) as EventRef);
  await waitFor(() => sequencesOf(refs[0]).length >= 130);
  expect(sequencesOf(refs[0])).toEqual(refs.map((ref) => ref.sequence));
});

it('sends again under the same id, never out of order, after a crash between acknowledgement and mark', async () => {
  const refs = await postEvents(6);
  let crashes = 0;
  const dying = await emitter(() => ({
    markEmitted: async () => {
      crashes++;
      throw new Error('the process died here');
    },
  }));
  await expect(dying.emit(refs[2] as EventRef)).rejects.toThrow('died here');
  expect(crashes).toBe(1);
  expect(await unemitted()).toBe(6);

  const survivor = await emitter();
  await Promise.all(byChance(refs).map((ref) => survivor.emit(ref)));
  await waitFor(() => sequencesOf(refs[0]).length >= 9);
  expect(firstAppearances(sequencesOf(refs[0]))).toEqual(refs.map((ref) => ref.sequence));
  const ids = collector.messages
    .filter((message) => message.key === refs[0]?.aggregateId)
    .map((m) => m.headers['event_id']);
  expect(new Set(ids)).toEqual(new Set(refs.map((ref) => ref.eventId)));
});

it('does not send again when its mark loses a deadlock', async () => {
  const refs = await postEvents(3);
  const [first, middle, last] = refs as [EventRef, EventRef, EventRef];
  const touch = 'UPDATE outbox_events SET claim_count = claim_count + 1 WHERE id = $1';
  const [bridge, gate] = [await database.pool.connect(), await database.pool.connect()];
  // Only who begins to wait last can find the circle, and only who looks: the bridge never does.
  await bridge.query(`SET deadlock_timeout = '1h'`);
  let deadlocked: Promise<unknown> | undefined;
  const process = await emitter((inner) => ({
    markEmitted: async (rows) => {
      // The emitter has the first row and waits at the gate; the bridge has the last row and waits for the first.
      await gate.query('BEGIN');
      await gate.query('SELECT FROM outbox_events WHERE id = $1 FOR UPDATE', [middle.eventId]);
      await bridge.query('BEGIN');
      await bridge.query(touch, [last.eventId]);
      await withoutLimit(inner);
      const marking = inner.markEmitted(rows);
      await untilWaiting({ applicationName: 'nova-test-emitter' });
      deadlocked = bridge.query(touch, [first.eventId]).then(() => bridge.query('COMMIT'));
      await untilWaiting({ applicationName: 'nova-test', query: touch });
      // Past the gate it begins to wait for the last row, which closes the circle.
      await gate.query('COMMIT');
      await marking;
    },
  }));
  try {
    await process.emit(last);
    await deadlocked;
  } finally {
    for (const session of [bridge, gate]) session.release(true);
  }
  const { rows } = await database.pool.query<{ claim_count: number }>(
    'SELECT claim_count FROM outbox_events WHERE aggregate_id = $1 AND emitted_at IS NOT NULL ORDER BY sequence',
    [first.aggregateId],
  );
  expect(rows.map((row) => row.claim_count)).toEqual([1, 0, 1]);
  await waitFor(() => sequencesOf(first).length >= 3);
  expect(sequencesOf(first)).toEqual(refs.map((ref) => ref.sequence));
});

it('loses no process when the server throws out the connection during a send, and emits on the next ask', async () => {
  const refs = await postEvents(2);
  let thrown = false;
  const process = await emitter((inner) => ({
    unemitted: async (upTo) => {
      const rows = await inner.unemitted(upTo);
      if (!thrown) {
        thrown = true;
        await endSessions(database.pool, 'nova-test-emitter');
      }
      return rows;
    },
  }));
  await expect(process.emit(refs[1] as EventRef)).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
  await process.emit(refs[1] as EventRef);
  await waitFor(() => firstAppearances(sequencesOf(refs[0])).length === 2);
  expect(firstAppearances(sequencesOf(refs[0]))).toEqual(refs.map((ref) => ref.sequence));
});

it('takes an event whose caller has gone out of the queue, and fails that caller with the reason', async () => {
  const [ref] = await postEvents(1);
  const holder = await database.pool.connect();
  try {
    await holder.query('BEGIN');
    await holder.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 7022))', [ref?.aggregateId]);
    const process = await emitter();
    await expect(process.emit(ref as EventRef, 300)).rejects.toThrow(/timeout|aborted/i);
    await holder.query('ROLLBACK');
    expect(await unemitted()).toBeGreaterThanOrEqual(1);
    await process.emit(ref as EventRef);
  } finally {
    holder.release();
  }
});
