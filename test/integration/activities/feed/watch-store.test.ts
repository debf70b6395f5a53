import { type Redis } from 'ioredis';
import { PgStoreRecord } from '../../../../activities/feed/pg-store-record';
import { RedisFeedStore } from '../../../../activities/feed/redis/redis-feed-store';
import { RedisStorePulse } from '../../../../activities/feed/redis/redis-store-pulse';
import { beginFanOut } from '../../../../activities/feed/fan-out';
import { readFeed } from '../../../../feeds/read-feed';
import { type StoreLook, lookAtStore } from '../../../../activities/feed/watch-store';
import { newId } from '../../../support/events';
import { type FeedHarness, createFeedHarness } from '../../../support/feed-harness';
import { override } from '../../../support/override';
import { connectTestRedis } from '../../../support/redis';
import { type SnapshotRedis, startSnapshotRedis } from '../../../support/snapshot-redis';
import { waitFor } from '../../../support/wait-for';

let feed: FeedHarness;
let server: SnapshotRedis;
let redis: Redis;
let deps: { pulse: RedisStorePulse; record: PgStoreRecord };

beforeAll(async () => {
  [feed, server] = await Promise.all([createFeedHarness(), startSnapshotRedis()]);
});
afterAll(async () => {
  await Promise.all([feed?.close(), server?.close()]);
});
beforeEach(async () => {
  await server.run((connection) => connection.flushall());
  // A deployment of its own for each test.
  const name = `${newId()}:`;
  redis = await connectTestRedis(name, server.url);
  deps = { pulse: new RedisStorePulse(redis), record: new PgStoreRecord(feed.database.pool, name) };
  expect(await look()).toEqual({ epoch: 1, repairDue: false, eviction: 'noeviction' });
});
afterEach(() => redis.disconnect());

const look = (): Promise<StoreLook> => lookAtStore(deps, Date.now());
/**
 * Until PostgreSQL has a count that no look of a test reaches again after Redis lost its own: a later look would see another
 * process, and say so. It is written once a second.
 */
const untilKnown = () =>
  waitFor(async () => {
    expect((await look()).lost).toBeUndefined();
    return ((await deps.record.find())?.beat ?? 0) >= 50;
  });
const back = () => waitFor(async () => redis.status === 'ready' && (await redis.ping()) === 'PONG');
const epochs = async () => [Number(await redis.get('feed_epoch')), (await deps.record.find())?.epoch];

describe('a Redis that', () => {
  it('goes on as it should is not accused, however many look', async () => {
    for (let round = 0; round < 20; round++) {
      const looks = await Promise.all(Array.from({ length: 8 }, look));
      for (const { lost, repairDue, epoch } of looks)
        expect({ lost, repairDue, epoch }).toEqual({ repairDue: false, epoch: 1 });
    }
    expect(await epochs()).toEqual([1, 1]);
  });

  it('came back from an old snapshot is found out, once, and by its counter', async () => {
    await server.snapshot();
    await untilKnown();
    await server.goBack();
    await back();
    const looks = await Promise.all(Array.from({ length: 8 }, look));
    const lost = looks.flatMap((each) => each.lost ?? []);
    expect(lost).toHaveLength(1);
    expect(lost[0]?.reason).toMatch(/^its counter went back from \d+ to \d+$/);
    expect(await epochs()).toEqual([2, 2]);
    // Said once, repaired until it is done.
    const later = await look();
    expect([later.lost, later.repairDue]).toEqual([undefined, true]);
    await deps.record.repaired(2);
    expect(await look()).toMatchObject({ epoch: 2, repairDue: false });
  });

  it('was restarted is not believed either: up to its last second nothing proves that it kept everything', async () => {
    await server.restart();
    await back();
    expect((await look()).lost?.reason).toMatch('another process');
    expect(await epochs()).toEqual([2, 2]);
  });

  it('was emptied while it runs is found out', async () => {
    await untilKnown();
    await server.run((connection) => connection.flushall());
    const { lost } = await look();
    expect(lost?.reason).toMatch('its counter went back');
    expect(lost?.sinceMs).toBeNull();
    expect(await epochs()).toEqual([2, 2]);
  });

  it('changed its replication history in one process is found out', async () => {
    const pulse = override(deps.pulse, {
      beat: async (nowMs) => {
        const vitals = await deps.pulse.beat(nowMs);
        return { ...vitals, identity: `${vitals.identity.split(' ')[0]} another-history` };
      },
    });
    expect((await lookAtStore({ ...deps, pulse }, 1)).lost?.reason).toMatch('a failover');
  });

  it('does not say who it is is judged by its counter alone', async () => {
    const mute = override(deps.pulse, {
      beat: async (nowMs) => ({ ...(await deps.pulse.beat(nowMs)), identity: '', eviction: null }),
    });
    expect(await lookAtStore({ ...deps, pulse: mute }, 1)).toMatchObject({ epoch: 1, repairDue: false });
    await untilKnown();
    await server.run((connection) => connection.flushall());
    expect((await lookAtStore({ ...deps, pulse: mute }, 1)).lost).toBeDefined();
  });

  it('is newer than the tables makes a new epoch too: PostgreSQL is the one that lost time', async () => {
    await deps.pulse.raise({ epoch: 7, beat: 0 });
    expect((await look()).lost?.reason).toMatch('its tables are older');
    expect(await epochs()).toEqual([8, 8]);
  });

  it('is set to evict says so', async () => {
    await server.run((connection) => connection.config('SET', 'maxmemory-policy', 'allkeys-lru'));
    expect((await look()).eviction).toBe('allkeys-lru');
    await server.run((connection) => connection.config('SET', 'maxmemory-policy', 'noeviction'));
  });
});

it('is made up for when the process that noticed a loss died before Redis had the new epoch', async () => {
  await server.snapshot();
  await untilKnown();
  await server.goBack();
  await back();
  const dying = override(deps.pulse, { raise: () => Promise.reject(new Error('killed')) });
  await expect(lookAtStore({ ...deps, pulse: dying }, 1)).rejects.toThrow('killed');
  await look();
  await look();
  const [inRedis, inTables] = await epochs();
  expect(inRedis).toBe(inTables);
  expect(inTables).toBeGreaterThan(1);
  expect((await look()).lost).toBeUndefined();
});

it('feeds come back right without any command after Redis went back to a snapshot', async () => {
  const feeds = new RedisFeedStore(redis, { cap: 800, chunkSize: 500 });
  const reading = { ...feed.deps, feeds };
  const [author, reader] = [newId(), newId()];
  await feed.follow(author, reader);
  const posts = async (count: number) => {
    for (let i = 0; i < count; i++) await beginFanOut(reading, await feed.post(author));
  };
  const shown = async () => (await readFeed(reading, reader, { limit: 20 })).posts.length;
  await posts(2);
  expect(await shown()).toBe(2);
  await server.snapshot();
  await posts(3);
  await untilKnown();
  expect(await shown()).toBe(5);

  await server.goBack();
  await back();
  expect((await feeds.read(reader)).entries).toHaveLength(2);
  await look();
  expect(await shown()).toBe(5);
  await posts(1);
  expect(await shown()).toBe(6);
  expect(await feeds.read(reader)).toMatchObject({ known: true });
});
