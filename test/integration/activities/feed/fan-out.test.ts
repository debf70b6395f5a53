import { beginFanOut, fanOutPages } from '../../../../activities/feed/fan-out';
import { type WalkPoint } from '../../../../activities/feed/page-followers';
import { type Progress } from '../../../../activities/feed/progress';
import { beginRetraction } from '../../../../activities/feed/retract';
import { createRedis } from '../../../../runtime/redis';
import { RedisFeedStore } from '../../../../activities/feed/redis/redis-feed-store';
import { insertEvent, newId } from '../../../support/events';
import { type FeedHarness, createFeedHarness, withSettings } from '../../../support/feed-harness';
import { silentLogger } from '../../../support/logger';
import { override } from '../../../support/override';

let feed: FeedHarness;
beforeAll(async () => (feed = await createFeedHarness()));
afterAll(() => feed.close());

const ids = (count: number): string[] => Array.from({ length: count }, newId).sort();

it('writes a small audience in one call, scored by the row’s created_at in milliseconds', async () => {
  const [author, follower, stranger] = [newId(), newId(), newId()];
  await feed.follow(author, follower);
  const event = await feed.post(author);
  expect(await beginFanOut(feed.deps, event)).toMatchObject({ mode: 'push', next: null, written: 1 });
  expect((await feed.deps.feeds.read(follower)).entries).toEqual([
    { postId: event.aggregateId, scoreMs: event.createdAtMs },
  ]);
  expect(await feed.feedOf(stranger)).toEqual([]);
});

it('pages a larger audience, from where the first call ended', async () => {
  const author = newId();
  const followers = ids(7);
  await feed.follow(author, ...followers);
  const event = await feed.post(author);
  const deps = withSettings(feed, { feedPageSize: 2, feedChunkSize: 2, feedPagesPerCall: 2 });
  const first = await beginFanOut(deps, event);
  expect(first).toMatchObject({ mode: 'push', written: 2, next: { after: followers[1], count: 2 } });
  const second = await fanOutPages(deps, event, first.next as WalkPoint);
  expect(second).toMatchObject({ written: 6 });
  const third = await fanOutPages(deps, event, second.next as WalkPoint);
  expect(third).toEqual({ mode: 'push', next: null, written: 7 });
  for (const follower of followers) expect(await feed.feedOf(follower)).toEqual([event.aggregateId]);
  expect(await deps.feeds.openPages(event.aggregateId)).toEqual([]);
});

it('goes on where a dead attempt’s last heartbeat was', async () => {
  const author = newId();
  const followers = ids(5);
  await feed.follow(author, ...followers);
  const event = await feed.post(author);
  const deps = withSettings(feed, { feedPageSize: 1 });
  await beginFanOut(deps, event);
  const reported: WalkPoint[] = [];
  const progress: Progress<WalkPoint> = {
    resumeAt: { after: followers[2] ?? null, count: 3 },
    report: (point) => reported.push(point),
    alive: () => undefined,
    cancelled: () => false,
  };
  const step = await fanOutPages(deps, event, { after: followers[0] ?? null, count: 1 }, progress);
  expect(step).toEqual({ mode: 'push', next: null, written: 5 });
  expect(await feed.feedOf(followers[1] ?? '')).toEqual([]);
  expect(await feed.feedOf(followers[4] ?? '')).toEqual([event.aggregateId]);
  expect(reported.map((point) => point.count)).toEqual([4, 5]);
});

it('ends between pages when cancelled, and says where', async () => {
  const author = newId();
  const followers = ids(4);
  await feed.follow(author, ...followers);
  const event = await feed.post(author);
  const deps = withSettings(feed, { feedPageSize: 1 });
  await beginFanOut(deps, event);
  let pages = 0;
  const progress = {
    resumeAt: undefined,
    report: () => void pages++,
    alive: () => undefined,
    cancelled: () => pages === 2,
  };
  const step = await fanOutPages(deps, event, { after: followers[0] ?? null, count: 1 }, progress);
  expect(step).toEqual({ mode: 'push', written: 3, next: { after: followers[2], count: 3 } });
});

it('takes a page back when the post is deleted between its write and its look', async () => {
  const author = newId();
  const followers = ids(3);
  await feed.follow(author, ...followers);
  const event = await feed.post(author);
  const deletion = await feed.remove(event, author);
  // The retraction runs in whole after the page was read and before it is written; Redis’s own tombstone is lost.
  const followers_ = override(feed.deps.followers, {
    page: async (...args) => {
      const page = await feed.deps.followers.page(...args);
      await beginRetraction(feed.deps, deletion);
      await feed.deps.feeds.markLive(event.aggregateId);
      return page;
    },
  });
  expect(await beginFanOut({ ...feed.deps, followers: followers_ }, event)).toMatchObject({ mode: 'stopped' });
  for (const follower of followers) expect(await feed.feedOf(follower)).toEqual([]);
  expect(await feed.redis.get(`post:${event.aggregateId}`)).toBeNull();
});

it('takes the post back from those who unfollowed between the page’s read and its write', async () => {
  const author = newId();
  const [stays, leaves] = ids(2) as [string, string];
  await feed.follow(author, stays, leaves);
  const event = await feed.post(author);
  const followers = override(feed.deps.followers, {
    page: async (...args) => {
      const page = await feed.deps.followers.page(...args);
      await feed.unfollow(author, leaves);
      return page;
    },
  });
  expect(await beginFanOut({ ...feed.deps, followers }, event)).toMatchObject({ mode: 'push', written: 1 });
  expect(await feed.feedOf(stays)).toEqual([event.aggregateId]);
  expect(await feed.feedOf(leaves)).toEqual([]);
});

it('settles the page of an attempt that died between its write and its look, though no one on it follows any more', async () => {
  const author = newId();
  const [first, left] = ids(2) as [string, string];
  await feed.follow(author, first, left);
  const event = await feed.post(author);
  const followers = override(feed.deps.followers, { stillFollowing: () => Promise.reject(new Error('died')) });
  await expect(beginFanOut({ ...feed.deps, followers }, event)).rejects.toThrow('died');
  expect(await feed.feedOf(left)).toEqual([event.aggregateId]);
  await feed.unfollow(author, left);
  await beginFanOut(feed.deps, event);
  expect(await feed.feedOf(left)).toEqual([]);
  expect(await feed.feedOf(first)).toEqual([event.aggregateId]);
});

it('writes nothing for a post whose deletion ran first', async () => {
  const [author, follower] = [newId(), newId()];
  await feed.follow(author, follower);
  const event = await feed.post(author);
  await beginRetraction(feed.deps, await feed.remove(event, author));
  expect(await beginFanOut(feed.deps, event)).toMatchObject({ mode: 'stopped', written: 0 });
  expect(await feed.feedOf(follower)).toEqual([]);
});

it('has the media of an archived post claimed all the same: it may be published again, by an event that names none', async () => {
  const author = newId();
  const post = { post_id: newId(), user_id: author, media_ids: [newId()] };
  const event = await insertEvent(feed.database.pool, 'content.post.created', post);
  await beginRetraction(feed.deps, await feed.status(event, author, 'archived'));
  expect(await beginFanOut(feed.deps, event)).toMatchObject({ mode: 'stopped', media: true });
  await beginFanOut(feed.deps, await feed.status(event, author, 'published'));
  expect(await beginFanOut(feed.deps, event)).toMatchObject({ mode: 'overtaken', media: true });
});

it('has media claimed that name the post, though it names none: they came first, and the upload’s service does not see it', async () => {
  const post = { post_id: newId(), user_id: newId() };
  await feed.database.pool.query(
    `INSERT INTO parked_media (media_id, upload_id, user_id, event_id, state, uploaded_at, expires_at, for_post)
     VALUES ($1, $1, $2, $1, 'parked', now(), now() + interval '1 hour', $3)`,
    [newId(), post.user_id, post.post_id],
  );
  const event = await insertEvent(feed.database.pool, 'content.post.created', post);
  expect(await beginFanOut(feed.deps, event)).toMatchObject({ media: true });
  expect(await beginFanOut(feed.deps, await feed.status(event, post.user_id, 'published'))).toMatchObject({
    media: false,
  });
});

it('pushes nothing above the threshold, and records author and post for readers', async () => {
  const author = newId();
  const followers = ids(3);
  await feed.follow(author, ...followers);
  const event = await feed.post(author);
  const deps = withSettings(feed, { feedPullThreshold: 2 });
  expect(await beginFanOut(deps, event)).toMatchObject({ mode: 'pull', next: null, written: 0 });
  expect(await feed.feedOf(followers[0] ?? '')).toEqual([]);
  const { rows } = await feed.database.pool.query('SELECT follower_count FROM pull_authors WHERE author_id = $1', [
    author,
  ]);
  expect(rows).toEqual([{ follower_count: 3 }]);
  expect(await feed.redis.sismember('pull_authors', author)).toBe(1);
  expect(await feed.deps.posts.find(event.aggregateId)).toMatchObject({ delivery: 'pull', live: true });
  // Decided once: a post that was pulled is not pushed later, when a retry counts fewer followers.
  expect(await beginFanOut(feed.deps, event)).toMatchObject({ mode: 'pull' });
});

it('keeps a draft out of feeds until it is published, and scores it by its creation', async () => {
  const [author, follower] = [newId(), newId()];
  await feed.follow(author, follower);
  const draft = await feed.post(author, { status: 'draft' });
  expect(await beginFanOut(feed.deps, draft)).toMatchObject({ mode: 'draft', written: 0, mentions: false });
  const published = await feed.status(draft, author, 'published');
  expect(await beginFanOut(feed.deps, published)).toMatchObject({ mode: 'push', written: 1 });
  expect((await feed.deps.feeds.read(follower)).entries).toEqual([
    { postId: draft.aggregateId, scoreMs: draft.createdAtMs },
  ]);
});

it('publishes with text and score of the creation, although that runs later', async () => {
  const [author, follower] = [newId(), newId()];
  await feed.follow(author, follower);
  const draft = await feed.post(author, { status: 'draft', caption: 'written first' });
  const published = await feed.status(draft, author, 'published');
  await beginFanOut(feed.deps, published);
  expect(await beginFanOut(feed.deps, draft)).toMatchObject({ mode: 'overtaken' });
  expect((await feed.deps.feeds.read(follower)).entries[0]?.scoreMs).toBe(draft.createdAtMs);
  const cached = JSON.parse((await feed.redis.get(`post:${draft.aggregateId}`)) ?? '{}') as unknown;
  expect(cached).toMatchObject({ user_id: author, caption: 'written first', created_at_ms: draft.createdAtMs });
});

it('says whether media are to be claimed and people to be notified', async () => {
  const event = await insertEvent(feed.database.pool, 'content.post.created', {
    post_id: newId(),
    user_id: newId(),
    media_ids: [newId()],
    mentioned_user_ids: [newId()],
  });
  expect(await beginFanOut(feed.deps, event)).toMatchObject({ media: true, mentions: true });
  expect(await beginFanOut(feed.deps, await feed.post(newId()))).toMatchObject({ media: false, mentions: false });
});

it('leaves every page to the long activity when Redis is away, and fails for nothing else', async () => {
  const [author, follower] = [newId(), newId()];
  await feed.follow(author, follower);
  const event = await feed.post(author);
  const lost = createRedis({ url: 'redis://127.0.0.1:1', keyPrefix: '', logger: silentLogger });
  const deps = { ...feed.deps, feeds: new RedisFeedStore(lost, { cap: 800, chunkSize: 500 }) };
  const begun = await beginFanOut(deps, event);
  expect(begun).toMatchObject({ mode: 'push', written: 0, next: { after: null, count: 0 } });
  await expect(fanOutPages(deps, event, begun.next as WalkPoint)).rejects.toMatchObject({ code: 'REDIS_UNAVAILABLE' });
  expect(await fanOutPages(feed.deps, event, begun.next as WalkPoint)).toMatchObject({ next: null, written: 1 });
  expect(await feed.feedOf(follower)).toEqual([event.aggregateId]);
  lost.disconnect();
});

it('scores a post dated ahead by now, also when a later event records it first', async () => {
  const [author, follower] = [newId(), newId()];
  await feed.follow(author, follower);
  const created = await feed.post(author);
  // Still in the present partition, so that only the date differs.
  await feed.database.pool.query(
    `UPDATE outbox_events SET created_at = least(created_at + interval '2 hours',
       date_trunc('day', created_at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' + interval '23 hours 59 minutes 59 seconds')
     WHERE id = $1`,
    [created.eventId],
  );
  const archived = await feed.status(created, author, 'archived');
  await beginRetraction(feed.deps, archived);
  const { scoreMs } = (await feed.deps.posts.find(created.aggregateId)) ?? { scoreMs: Infinity };
  const { rows } = await feed.database.pool.query<{ now: number }>(
    'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now',
  );
  expect(scoreMs).toBeLessThanOrEqual(rows[0]?.now ?? 0);
});
