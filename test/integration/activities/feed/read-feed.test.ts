import { beginFanOut } from '../../../../activities/feed/fan-out';
import { settleFollow } from '../../../../activities/feed/follow';
import { type StoredPage, readFeed } from '../../../../feeds/read-feed';
import { purgeAuthor } from '../../../../activities/feed/purge-author';
import { rebuildFeed } from '../../../../feeds/rebuild';
import { type FeedEntry } from '../../../../feeds/stored-feed';
import { type EventRef } from '../../../../contracts/event-ref';
import { insertEvent, newId } from '../../../support/events';
import { type FeedHarness, createFeedHarness, withSettings } from '../../../support/feed-harness';
import { override } from '../../../support/override';

let feed: FeedHarness;
beforeAll(async () => (feed = await createFeedHarness()));
afterAll(() => feed.close());

const cap = 4;

/** One reader following an author who is pushed and one who is pulled, ten posts each, in turns. */
async function world() {
  const [reader, pushed, pulled] = [newId(), newId(), newId()];
  await feed.follow(pushed, reader);
  await feed.follow(pulled, reader, newId());
  const deps = withSettings(feed, { feedCap: cap, feedPullThreshold: 1 });
  const events: EventRef[] = [];
  for (let n = 0; n < 20; n++) {
    const event = await feed.post(n % 2 === 0 ? pushed : pulled);
    await beginFanOut(deps, event);
    events.push(event);
  }
  const order = [...events].sort((a, b) => b.createdAtMs - a.createdAtMs || (a.aggregateId < b.aggregateId ? 1 : -1));
  return { reader, pushed, pulled, deps, events, expected: order.map((event) => event.aggregateId) };
}

async function readAll(deps: FeedHarness['deps'], reader: string, limit: number): Promise<string[]> {
  const all: string[] = [];
  let before: FeedEntry | undefined;
  for (;;) {
    const page: StoredPage = await readFeed(deps, reader, { limit, before });
    all.push(...page.posts.map((post) => post.postId));
    if (page.next === null) return all;
    before = page.next;
  }
}

it('reads pushed and pulled posts as one list, below the bound from PostgreSQL, whatever the page size', async () => {
  const { reader, deps, expected } = await world();
  expect((await deps.feeds.read(reader)).bound).toBeGreaterThan(0);
  for (const limit of [1, 3, 7, 50]) expect(await readAll(deps, reader, limit)).toEqual(expected);
});

it('shows nothing of a hidden author or of a deleted post that is still stored', async () => {
  const { reader, pulled, deps, events, expected } = await world();
  await feed.database.pool.query(`INSERT INTO user_profiles (user_id, state, sequence) VALUES ($1, 'hidden', 1)`, [
    pulled,
  ]);
  const removedPost = events[18]?.aggregateId ?? '';
  await deps.tombstones.set({ subjectType: 'post', subjectId: removedPost, sequence: 1, final: true, reason: 'test' });
  expect(await feed.feedOf(reader)).toContain(removedPost);
  const hidden = new Set([removedPost, ...events.filter((_, n) => n % 2 === 1).map((event) => event.aggregateId)]);
  expect(await readAll(deps, reader, 3)).toEqual(expected.filter((id) => !hidden.has(id)));
});

it('heals a feed that Redis has lost at its first read', async () => {
  const { reader, deps, expected } = await world();
  const before = await deps.feeds.read(reader);
  await deps.feeds.drop(reader);
  expect(await readAll(deps, reader, 5)).toEqual(expected);
  expect(await deps.feeds.read(reader)).toEqual({ ...before, known: true });
});

it('rebuilds the same feed that fan-out wrote, and one that a post reached meanwhile', async () => {
  const { reader, pushed, deps } = await world();
  const { entries, bound } = await deps.feeds.read(reader);
  expect(await rebuildFeed(deps, reader)).toEqual({ entries, bound });
  let late: EventRef | undefined;
  const truth = override(deps.truth, {
    timeline: async (...args) => {
      const newest = await deps.truth.timeline(...args);
      if (late === undefined) await beginFanOut(deps, (late = await feed.post(pushed)));
      return newest;
    },
  });
  await rebuildFeed({ ...deps, truth }, reader);
  expect((await feed.feedOf(reader))[0]).toBe(late?.aggregateId);
});

it('purges a deleted author for good, and their own feed', async () => {
  const { reader, pushed, pulled, deps, events, expected } = await world();
  await feed.follow(pulled, pushed);
  await settleFollow(
    deps,
    await insertEvent(feed.database.pool, 'follow.added', { follower_id: pushed, followee_id: reader }),
  );
  await rebuildFeed(deps, pushed);
  const event = await insertEvent(feed.database.pool, 'identity.user.deleted', { user_id: pushed });
  // Dies after the feeds are emptied and before the posts are marked: the next attempt finishes.
  const posts = override(deps.posts, { markDeleted: () => Promise.reject(new Error('died')) });
  await expect(purgeAuthor({ ...deps, posts }, event)).rejects.toThrow('died');
  expect(await feed.feedOf(reader)).toEqual([]);
  await purgeAuthor(deps, event);
  const gone = new Set(events.filter((_, n) => n % 2 === 0).map((created) => created.aggregateId));
  expect(await readAll(deps, reader, 5)).toEqual(expected.filter((id) => !gone.has(id)));
  expect(await deps.feeds.read(pushed)).toEqual({ entries: [], bound: null, known: false });
  for (const id of gone) {
    expect(await feed.redis.get(`post:${id}`)).toBeNull();
    expect(await deps.posts.find(id)).toMatchObject({ status: 'deleted', voided: true });
  }
  // What was on its way comes too late.
  expect(await beginFanOut(deps, await feed.post(pushed))).toMatchObject({ mode: 'stopped' });
});

describe('a feed is rebuilt by its next reader', () => {
  /** One reader whose feed is complete and known. */
  async function known() {
    const [reader, author] = [newId(), newId()];
    await feed.follow(author, reader);
    const posts = [await feed.post(author), await feed.post(author), await feed.post(author)];
    for (const event of posts) await beginFanOut(feed.deps, event);
    await readFeed(feed.deps, reader, { limit: 10 });
    expect(await feed.deps.feeds.read(reader)).toMatchObject({ known: true });
    const count = async () => (await readFeed(feed.deps, reader, { limit: 10 })).posts.length;
    return { reader, author, posts, count };
  }

  it('when Redis evicted the posts and kept the bound', async () => {
    const { reader, count } = await known();
    await feed.redis.unlink(`feed:${reader}`);
    expect(await count()).toBe(3);
  });

  it('when Redis evicted the posts and others came before a read', async () => {
    const { reader, author, count } = await known();
    await feed.redis.unlink(`feed:${reader}`);
    await beginFanOut(feed.deps, await feed.post(author));
    expect(await count()).toBe(4);
    await feed.redis.unlink(`feed:${reader}`);
    await settleFollow(
      feed.deps,
      await insertEvent(feed.database.pool, 'follow.added', { follower_id: reader, followee_id: author }),
    );
    const [newest = ''] = await feed.feedOf(reader);
    await feed.redis.zrem(`feed:${reader}`, newest);
    expect(await count()).toBe(4);
  });

  it.each(['feed_bound', 'feed_mark'])('when Redis evicted its %s', async (key) => {
    const { reader, posts, count } = await known();
    await feed.redis.zrem(`feed:${reader}`, posts[0]?.aggregateId ?? '');
    await feed.redis.unlink(`${key}:${reader}`);
    expect(await count()).toBe(3);
  });

  it('when it is of an older epoch, and only then', async () => {
    const { reader, posts, count } = await known();
    await feed.redis.zrem(`feed:${reader}`, posts[0]?.aggregateId ?? '');
    expect(await count()).toBe(2);
    await feed.redis.incr('feed_epoch');
    expect(await count()).toBe(3);
    expect(await feed.deps.feeds.read(reader)).toMatchObject({ known: true });
  });

  it('when the one before died between its write and its look', async () => {
    const [reader, author] = [newId(), newId()];
    await feed.follow(author, reader);
    await beginFanOut(feed.deps, await feed.post(author));
    const feeds = override(feed.deps.feeds, {
      replace: async (userId, window) => {
        // Between this reader's read of the tables and its write.
        await beginFanOut(feed.deps, await feed.post(author));
        await feed.deps.feeds.replace(userId, window);
        throw new Error('killed');
      },
    });
    await expect(readFeed({ ...feed.deps, feeds }, reader, { limit: 10 })).rejects.toThrow('killed');
    expect((await readFeed(feed.deps, reader, { limit: 10 })).posts).toHaveLength(2);
  });

  it('when another rebuilt it at the same time and died: a write is confirmed by its own look alone', async () => {
    const { reader, count } = await known();
    const mine = await feed.deps.feeds.replace(reader, { entries: [], bound: 0 });
    await feed.deps.feeds.replace(reader, { entries: [{ postId: newId(), scoreMs: 1 }], bound: 0 });
    expect(await feed.deps.feeds.confirm(reader, mine)).toBe(false);
    expect(await count()).toBe(3);
  });

  it('when Redis lost data while it was rebuilt', async () => {
    const { reader } = await known();
    const write = await feed.deps.feeds.replace(reader, { entries: [{ postId: newId(), scoreMs: 1 }], bound: 0 });
    await feed.redis.incr('feed_epoch');
    expect(await feed.deps.feeds.confirm(reader, write)).toBe(false);
  });
});
