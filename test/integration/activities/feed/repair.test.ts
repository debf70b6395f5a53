import { PgRepairSource } from '../../../../activities/feed/pg-repair-source';
import { RedisAuthorCache, hiddenUsersKey } from '../../../../activities/feed/redis/redis-author-cache';
import { beginFanOut } from '../../../../activities/feed/fan-out';
import { type RepairPoint, repairStore } from '../../../../activities/feed/repair';
import { newId } from '../../../support/events';
import { type FeedHarness, createFeedHarness } from '../../../support/feed-harness';
import { insertUser } from '../../../support/notify';
import { override } from '../../../support/override';

let feed: FeedHarness;
beforeEach(async () => (feed = await createFeedHarness()));
afterEach(() => feed.close());

const repairDeps = () => ({
  ...feed.deps,
  authors: new RedisAuthorCache(feed.redis),
  source: new PgRepairSource(feed.database.pool),
});

it('puts back every feed, who is hidden, and whose posts readers merge', async () => {
  const { pool } = feed.database;
  const [author, merged, hidden] = [newId(), newId(), await insertUser(pool, { state: 'hidden' })];
  const readers = Array.from({ length: 3 }, newId);
  await feed.follow(author, ...readers);
  const post = await feed.post(author);
  await beginFanOut(feed.deps, post);
  await pool.query('INSERT INTO pull_authors (author_id, follower_count) VALUES ($1, 100000)', [merged]);
  for (const reader of readers) await feed.deps.feeds.drop(reader);
  expect(await repairStore(repairDeps())).toEqual({ feeds: 3 });
  for (const reader of readers) expect(await feed.feedOf(reader)).toEqual([post.aggregateId]);
  expect(await feed.redis.sismember('pull_authors', merged)).toBe(1);
  expect(await feed.redis.sismember(hiddenUsersKey, hidden)).toBe(1);
});

it('visits every feed that is stored: one whose owner follows no one any more goes', async () => {
  const [author, stray] = [newId(), newId()];
  await feed.follow(author, stray);
  await beginFanOut(feed.deps, await feed.post(author));
  await feed.unfollow(author, stray);
  expect(await feed.feedOf(stray)).toHaveLength(1);
  await repairStore(repairDeps());
  expect(await feed.deps.feeds.read(stray)).toEqual({ entries: [], bound: null, known: false });
});

it('goes on where it was', async () => {
  const author = newId();
  const readers = [newId(), newId()].sort();
  await feed.follow(author, ...readers);
  await beginFanOut(feed.deps, await feed.post(author));
  const points: RepairPoint[] = [];
  const progress = (resumeAt?: RepairPoint) => ({
    resumeAt,
    report: (point: RepairPoint) => void points.push(point),
    alive: () => undefined,
    cancelled: () => false,
  });
  const rebuilt: string[] = [];
  const deps = {
    ...repairDeps(),
    truth: override(feed.deps.truth, {
      timeline: async (userId, wanted) => {
        rebuilt.push(userId);
        return feed.deps.truth.timeline(userId, wanted);
      },
    }),
  };
  await repairStore(deps, { progress: progress() });
  expect(new Set(rebuilt)).toEqual(new Set(readers));
  rebuilt.length = 0;
  const resumeAt = { part: 'followers', after: readers[0] ?? null, feeds: 1 } as const;
  expect(await repairStore(deps, { progress: progress(resumeAt) })).toEqual({ feeds: 2 });
  expect(new Set(rebuilt)).toEqual(new Set([readers[1]]));
});
