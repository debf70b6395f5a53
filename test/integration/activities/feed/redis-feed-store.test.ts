import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { type Redis } from 'ioredis';
import { RedisFeedStore } from '../../../../activities/feed/redis/redis-feed-store';
import { windowOf } from '../../../../feeds/rebuild';
import { inFeedOrder } from '../../../../feeds/read-feed';
import { type PlacedPost } from '../../../../activities/feed/post-states';
import { createRedis } from '../../../../runtime/redis';
import { FeedModel } from '../../../support/feed-model';
import { silentLogger } from '../../../support/logger';
import { connectTestRedis } from '../../../support/redis';

const cap = 5;
const prefix = `test:${randomUUID()}:`;
let redis: Redis;
let store: RedisFeedStore;

beforeAll(async () => {
  redis = await connectTestRedis(prefix);
  store = new RedisFeedStore(redis, { cap, chunkSize: 3 });
});

afterAll(async () => {
  const keys = await redis.keys(`${prefix}*`);
  if (keys.length > 0) await redis.unlink(...keys.map((key) => key.slice(prefix.length)));
  redis.disconnect();
});

const user = (): string => randomUUID();
const post = (name: string, scoreMs: number, sequence = 1): PlacedPost => ({ postId: name, scoreMs, sequence });
const entryOf = ({ postId, scoreMs }: PlacedPost) => ({ postId, scoreMs });
/** Few scores, so that ties are common; few posts, so that they meet again. */
const posts = fc.integer({ min: 0, max: 14 }).map((n) => post(`p${n}`, 100 + Math.floor(n / 2), 1 + (n % 3)));
const users = fc.subarray(['a', 'b', 'c', 'd', 'e', 'f', 'g'], { minLength: 1 });

const action = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('add' as const), post: posts, users }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove' as const), post: posts, users }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('fill' as const), posts: fc.array(posts, { maxLength: 9 }), users }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('rebuild' as const),
      posts: fc.uniqueArray(posts, { selector: (p) => p.postId, maxLength: cap }),
      users,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('dead' as const),
      post: posts,
      final: fc.boolean(),
      sequence: fc.integer({ min: 1, max: 3 }),
    }),
  },
);

it('does what the model says, whatever is added, removed and marked dead in whatever order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 1, maxLength: 40 }), async (actions) => {
      const run = randomUUID();
      const named = (name: string): string => `${run}:${name}`;
      const model = new FeedModel(cap);
      for (const step of actions) {
        for (const target of [model, store]) {
          const own = (p: PlacedPost): PlacedPost => ({ ...p, postId: named(p.postId) });
          if (step.kind === 'add') await target.add(own(step.post), step.users.map(named));
          else if (step.kind === 'remove') await target.remove([named(step.post.postId)], step.users.map(named));
          else if (step.kind === 'fill') await target.fill(named(step.users[0] ?? 'a'), step.posts.map(own));
          else if (step.kind === 'rebuild') {
            const feed = named(step.users[0] ?? 'a');
            await target.confirm(
              feed,
              await target.replace(feed, { entries: step.posts.map(own).map(entryOf), bound: 0 }),
            );
          } else await target.markDead(named(step.post.postId), step.sequence, step.final);
        }
      }
      for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) {
        expect(await store.read(named(name))).toEqual(await model.read(named(name)));
      }
    }),
    { numRuns: 60 },
  );
});

it('ends with the same feed and bound in whatever order posts arrive: the window a rebuild computes', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(
        fc.record({ name: fc.integer({ min: 0, max: 99 }), scoreMs: fc.integer({ min: 1_000, max: 1_008 }) }),
        { selector: (p) => p.name, maxLength: 20 },
      ),
      async (given) => {
        const feed = user();
        for (const { name, scoreMs } of given) await store.add(post(`p${name}`, scoreMs), [feed]);
        const newest = given.map(({ name, scoreMs }) => ({ postId: `p${name}`, scoreMs })).sort(inFeedOrder);
        const expected = windowOf(newest.slice(0, cap + 1), cap);
        const { entries, bound } = await store.read(feed);
        expect({ entries, bound: bound ?? 0 }).toEqual(expected);
      },
    ),
    { numRuns: 60 },
  );
});

it('adds a post once: a second add changes neither place nor score', async () => {
  const feed = user();
  await store.add(post('p', 10), [feed]);
  await store.add(post('p', 99), [feed]);
  expect((await store.read(feed)).entries).toEqual([{ postId: 'p', scoreMs: 10 }]);
});

it('does not let a post back in at or below the trimmed-to bound, even when there is room again', async () => {
  const feed = user();
  await store.fill(
    feed,
    [1, 2, 3, 4, 5, 6].map((n) => post(`p${n}`, n)),
  );
  await store.remove(['p6', 'p5'], [feed]);
  await store.add(post('p1', 1), [feed]);
  await store.add(post('tie', 1), [feed]);
  const { entries, bound } = await store.read(feed);
  expect(bound).toBe(1);
  expect(entries.map((entry) => entry.postId)).toEqual(['p4', 'p3', 'p2']);
});

it('stops for a tombstone that is not older than the post, and says so', async () => {
  const feed = user();
  await store.markDead('archived', 5, false);
  await store.markDead('deleted', 5, true);
  expect((await store.add(post('archived', 1, 5), [feed])).outcome).toBe('stopped');
  expect((await store.add(post('archived', 1, 6), [feed])).outcome).toBe('written');
  expect((await store.add(post('deleted', 1, 6), [feed])).outcome).toBe('stopped');
  // A weaker tombstone that comes later takes nothing back.
  await store.markDead('deleted', 7, false);
  await store.markDead('archived', 4, false);
  expect((await store.add(post('deleted', 1, 99), [feed])).outcome).toBe('stopped');
  expect((await store.add(post('archived', 1, 5), [feed])).outcome).toBe('stopped');
});

it('closes one write of a page and leaves another writer’s note of the same page open', async () => {
  const feeds = [user(), user()];
  const first = await store.add(post('twice', 1, 1), feeds);
  const second = await store.takeOut('twice', feeds);
  await store.close('twice', first.notes);
  expect(await store.openPages('twice')).toEqual([{ note: second.notes[0], userIds: feeds }]);
  await store.close('twice', second.notes);
  expect(await store.openPages('twice')).toEqual([]);
});

it('removes thousands of posts from many feeds in bounded calls', async () => {
  const big = new RedisFeedStore(redis, { cap: 2_000, chunkSize: 500 });
  const all = Array.from({ length: 1_500 }, (_, n) => post(`p${n}`, 1 + n));
  const feeds = Array.from({ length: 30 }, user);
  for (const feed of feeds) await big.fill(feed, all);
  const removed = await big.remove(
    all.map((p) => p.postId),
    feeds,
  );
  expect(removed).toBe(45_000);
});

it('says that Redis does not reply as REDIS_UNAVAILABLE', async () => {
  const lost = createRedis({ url: 'redis://127.0.0.1:1', keyPrefix: '', logger: silentLogger });
  const deaf = new RedisFeedStore(lost, { cap, chunkSize: 3 });
  await expect(deaf.add(post('p', 1), [user()])).rejects.toMatchObject({ code: 'REDIS_UNAVAILABLE' });
  await expect(deaf.read(user())).rejects.toMatchObject({ code: 'REDIS_UNAVAILABLE' });
  lost.disconnect();
});
