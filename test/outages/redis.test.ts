import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Client } from '@temporalio/client';
import { Redis } from 'ioredis';
import { type MailSink, startMailSink } from '../../proof/observe/mail-sink';
import { type TestDatabase, createTestDatabase } from '../support/database';
import { newId } from '../support/events';
import { fromSource } from '../support/from-source';
import { type OwnServer, startOwnServer } from '../support/own-stack';
import { type OwnProcess, type OwnSystem, createOwnSystem, pendingOf, untilReady } from '../support/own-system';
import { createTestClient } from '../support/temporal';
import { waitFor } from '../support/wait-for';
import { expectAllDone, expectFeeds, expectNothingBurnt, feedsIn, linksOf, noticesOf, untilEmitted } from './evidence';
import { type Traffic, createTraffic } from './traffic';

jest.setTimeout(1_200_000);

const root = join(__dirname, '../..');
let redis: OwnServer;
let database: TestDatabase;
let client: Client;
let system: OwnSystem;
let workers: OwnProcess;
let traffic: Traffic;
let mails: MailSink;

beforeAll(async () => {
  [redis, database, client, mails] = await Promise.all([
    startOwnServer('redis'),
    createTestDatabase(),
    createTestClient(),
    startMailSink(),
  ]);
  system = await createOwnSystem(redis.addresses, database.url, { SMTP_URL: mails.url });
  traffic = await createTraffic(database.pool);
  await database.pool.query(
    `INSERT INTO user_profiles (user_id, username, email, state, sequence) VALUES ($1, 'owner', 'owner@example.org', 'active', 0)`,
    [traffic.owner],
  );
  const [started, bridge] = await Promise.all([system.startWorkers(), system.startBridge()]);
  workers = started;
  await untilReady(bridge, workers);
});

afterAll(async () => {
  const ends = await Promise.allSettled([system?.close()]);
  await Promise.allSettled([redis?.close(), database?.drop(), client?.connection.close(), mails?.close()]);
  expect(ends).toEqual([{ status: 'fulfilled', value: undefined }]);
});

// A test that failed half-way leaves the next ones a Redis that runs.
afterEach(() => redis.start());

const alerts = () => traffic.story.events.filter(({ type }) => type === 'security.alert.raised').length;

it('holds back feed writes alone while Redis is down, and completes them when it is back', async () => {
  const { story, round } = traffic;
  await round();
  await expectAllDone(database.pool, story);
  await expectFeeds(redis.addresses.redisUrl, system.prefix, story);

  await redis.stop();
  for (let i = 0; i < 5; i++) await round();
  // Started, notified in the app and by e-mail, linked and emitted: all without Redis.
  await untilEmitted(database.pool, story);
  await waitFor(async () => (await noticesOf(database.pool, story)).length === story.notices.size);
  await waitFor(async () => (await linksOf(database.pool, story)).length === story.links.size);
  await waitFor(() => mails.received.length === alerts());
  for (const { id } of story.events.filter(({ type }) => type === 'content.post.created').slice(-5)) {
    const waiting = await waitFor(async () =>
      (await pendingOf(client, id)).find(({ failure }) => failure === 'REDIS_UNAVAILABLE'),
    );
    expect(waiting.activity).toBe('feedFanoutPages');
  }
  // One line for all events and all tries, and one a minute that counts them.
  const failed = workers.lines().filter(({ msg, code }) => msg === 'Activity failed' && code === 'REDIS_UNAVAILABLE');
  expect(failed).toMatchObject([{ level: 'warn', event_id: expect.any(String) as string }]);

  await redis.start();
  await expectFeeds(redis.addresses.redisUrl, system.prefix, story);
  await expectAllDone(database.pool, story);
  expect(mails.received).toHaveLength(alerts());
});

it('takes a Redis that hangs for one that is away, and goes on when it replies again', async () => {
  const { story, round } = traffic;
  redis.pause();
  try {
    for (let i = 0; i < 3; i++) await round();
    await untilEmitted(database.pool, story);
    await waitFor(async () => (await noticesOf(database.pool, story)).length === story.notices.size);
  } finally {
    redis.resume();
  }
  await expectFeeds(redis.addresses.redisUrl, system.prefix, story);
  await expectAllDone(database.pool, story);
});

it.each(['wiped while it runs', 'killed, its disk lost'])(
  'restores every feed from PostgreSQL with one command after Redis was %s, beside live traffic',
  async (how) => {
    const { story, post, remove, unfollow, round, followers } = traffic;
    const deleted = await post();
    const kept = await post();
    await expectFeeds(redis.addresses.redisUrl, system.prefix, story);
    await remove(deleted);
    const gone = followers[how === 'wiped while it runs' ? 0 : 1] ?? '';
    await unfollow(gone);
    await expectFeeds(redis.addresses.redisUrl, system.prefix, story);
    await expectAllDone(database.pool, story);
    const before = await feedsIn(redis.addresses.redisUrl, system.prefix, story);
    const merged = newId();
    await database.pool.query('INSERT INTO pull_authors (author_id, follower_count) VALUES ($1, 100000)', [merged]);

    if (how === 'wiped while it runs') await inRedis((connection) => connection.flushall());
    else {
      await redis.lose();
      await redis.start();
    }
    const traffics = Promise.all(Array.from({ length: 5 }, round));
    await rebuildFeeds();
    await traffics;
    expect(await inRedis((connection) => connection.sismember(`${system.prefix}:pull_authors`, merged))).toBe(1);
    await expectFeeds(redis.addresses.redisUrl, system.prefix, story);
    await expectAllDone(database.pool, story);
    const after = await feedsIn(redis.addresses.redisUrl, system.prefix, story);
    for (const [reader, posts] of before) {
      expect(after.get(reader)?.filter((id) => posts.includes(id))).toEqual(posts);
      expect(after.get(reader)?.includes(kept)).toBe(posts.length > 0);
      expect(after.get(reader)).not.toContain(deleted);
    }
    expect(after.get(gone)).toEqual([]);
    // The marks that Redis kept are only a fast path: without them nothing is done twice.
    await expectNothingBurnt(database.pool, story);
    expect(mails.received).toHaveLength(alerts());
  },
);

async function inRedis<T>(work: (connection: Redis) => Promise<T>): Promise<T> {
  const connection = new Redis(redis.addresses.redisUrl);
  try {
    return await work(connection);
  } finally {
    connection.disconnect();
  }
}

/** As an operator types it. */
async function rebuildFeeds(): Promise<void> {
  const command = [...fromSource, 'ops/cli.ts', 'rebuild-feeds', '--json'];
  await promisify(execFile)(process.execPath, command, { cwd: root, env: { ...process.env, ...system.environment } });
}
