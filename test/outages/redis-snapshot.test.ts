import { type Client } from '@temporalio/client';
import { feedRepairId } from '../../contracts/maintenance';
import { type TestDatabase, createTestDatabase } from '../support/database';
import { insertUser } from '../support/notify';
import { type OwnProcess, type OwnSystem, createOwnSystem, untilReady } from '../support/own-system';
import { servers } from '../support/servers';
import { type SnapshotRedis, startSnapshotRedis } from '../support/snapshot-redis';
import { step } from '../support/step';
import { createTestClient } from '../support/temporal';
import { waitFor } from '../support/wait-for';
import { expectAllDone, expectFeeds } from './evidence';
import { type Traffic, createTraffic } from './traffic';

jest.setTimeout(1_200_000);

let redis: SnapshotRedis;
let database: TestDatabase;
let client: Client;
let system: OwnSystem;
let traffic: Traffic;
let workers: OwnProcess;
let bridge: OwnProcess;

beforeAll(async () => {
  [redis, database, client] = await Promise.all([startSnapshotRedis(), createTestDatabase(), createTestClient()]);
  system = await createOwnSystem({ ...servers(), redisUrl: redis.url }, database.url);
  traffic = await createTraffic(database.pool);
  [workers, bridge] = await Promise.all([system.startWorkers(), system.startBridge()]);
  await untilReady(bridge, workers);
});
afterAll(async () => {
  const ends = await Promise.allSettled([system?.close()]);
  await Promise.allSettled([redis?.close(), database?.drop(), client?.connection.close()]);
  expect(ends).toEqual([{ status: 'fulfilled', value: undefined }]);
});

const store = async () =>
  (await database.pool.query<Record<string, unknown>>('SELECT * FROM feed_stores')).rows[0] ?? {};
/** PostgreSQL has heard of a count that is later than everything Redis holds now. */
const untilCounted = async () => {
  const beat = Number(await redis.run((connection) => connection.get(`${system.prefix}:feed_beat`)));
  await waitFor(async () => Number((await store())['beat']) > beat);
};

it('is noticed when it comes back from an old snapshot, and everything in it is put right by itself', async () => {
  const { story, round, post, remove, unfollow, followers } = traffic;
  step('posts are in the feeds; Redis writes a snapshot');
  await round();
  const removedPost = await post();
  await expectFeeds(redis.url, system.prefix, story);
  await expectAllDone(database.pool, story);
  const hidden = await insertUser(database.pool, { state: 'hidden' });
  await redis.snapshot();

  step('more posts, one deleted, one follow ended: all of it is in the feeds');
  for (let i = 0; i < 3; i++) await round();
  await remove(removedPost);
  await unfollow(followers[0] ?? '');
  await expectFeeds(redis.url, system.prefix, story);
  await expectAllDone(database.pool, story);
  await untilCounted();
  expect(await store()).toMatchObject({ lost_at: null });

  step('Redis is killed and comes back from the old snapshot; events go on');
  await redis.goBack();
  await round();
  step('workers notice, and rebuild what readers ask for; the repair compares everything else with the tables');
  // The stored feeds, as any program may read them: no reader of ours has touched one.
  await expectFeeds(redis.url, system.prefix, story);
  await expectAllDone(database.pool, story);
  await waitFor(async () => {
    const { epoch, repaired_epoch } = await store();
    return Number(epoch) > 1 && epoch === repaired_epoch;
  });
  step('what was deleted is not back, people who are hidden are hidden, and one line in the log said it');
  expect(await redis.run((connection) => connection.exists(`${system.prefix}:post:${removedPost}`))).toBe(0);
  expect(await redis.run((connection) => connection.sismember(`${system.prefix}:hidden_users`, hidden))).toBe(1);
  expect(workers.lines().filter(({ msg }) => String(msg).startsWith('redis: it may have lost data'))).toHaveLength(1);
  expect((await store())['lost_reason']).toMatch(/counter went back|another process/);
  // Its last activity says that the repair is over; the run itself ends after that.
  const repair = client.workflow.getHandle(feedRepairId(system.prefix));
  await waitFor(async () => (await repair.describe()).status.name === 'COMPLETED', { what: 'the end of the repair' });
});

it('is named as one that evicts, without being taken for ill', async () => {
  await redis.run((connection) => connection.config('SET', 'maxmemory-policy', 'allkeys-lru'));
  const named = await waitFor(async () => {
    const health = await workers.health();
    return health.reason === 'REDIS_EVICTS' ? health : undefined;
  });
  expect(named.ok).toBe(true);
  await redis.run((connection) => connection.config('SET', 'maxmemory-policy', 'noeviction'));
  await waitFor(async () => (await workers.health()).reason === null);
});
