import { PgContentOwners } from '../../../../activities/stores/pg-content-owners';
import { PgMediaStore } from '../../../../activities/media/pg-media-store';
import { RedisPendingMedia } from '../../../../activities/media/redis-pending-media';
import { PgTombstones } from '../../../../activities/stores/pg-tombstones';
import { beginFanOut } from '../../../../activities/feed/fan-out';
import { refreshPost } from '../../../../activities/feed/refresh';
import { purgeAuthor } from '../../../../activities/feed/purge-author';
import { beginRetraction } from '../../../../activities/feed/retract';
import { createMediaActivities } from '../../../../activities/media/create-media-activities';
import { createNotifyActivities } from '../../../../activities/notify/notify-activities';
import { type EventRef } from '../../../../contracts/event-ref';
import { armFaultPoints } from '../../../../runtime/fault-points';
import { insertEvent, newId } from '../../../support/events';
import { type FeedHarness, createFeedHarness, withSettings } from '../../../support/feed-harness';
import { silentLogger } from '../../../support/logger';
import { insertUser, notificationsOf, notifyDeps } from '../../../support/notify';
import { inActivity } from '../../../support/activity-context';

let feed: FeedHarness;
/** What the table says of a post. `toMatchObject` would take any text for none. */
async function recordOf(post: EventRef) {
  const { status, summary } = (await feed.deps.posts.find(post.aggregateId)) ?? {};
  return { status, summary };
}

beforeAll(async () => (feed = await createFeedHarness()));
afterAll(() => feed.close());
afterEach(() => armFaultPoints(undefined));

/** An author with followers, each of whom has the author's posts and one of another author. */
async function world(followers: number) {
  const [author, other] = [newId(), newId()];
  const readers = Array.from({ length: followers }, newId);
  await feed.follow(author, ...readers);
  await feed.follow(other, ...readers);
  const posts = [await feed.post(author), await feed.post(author)];
  const kept = await feed.post(other);
  for (const event of [...posts, kept]) await beginFanOut(feed.deps, event);
  return { author, readers, posts, kept };
}
const erase = (author: string): Promise<EventRef> =>
  insertEvent(feed.database.pool, 'identity.user.deleted', { user_id: author });
/** What a graph service does when it hears of the deletion. */
const graphForgets = (author: string) =>
  feed.database.pool.query('DELETE FROM follows WHERE followee_id = $1 OR follower_id = $1', [author]);
const feedsOf = async (readers: readonly string[]) => Promise.all(readers.map((reader) => feed.feedOf(reader)));

describe('the purge of a deleted author', () => {
  it('empties every feed of their posts though the follows are gone before it begins', async () => {
    const { author, readers, kept } = await world(7);
    await graphForgets(author);
    const { removed } = await purgeAuthor(feed.deps, await erase(author));
    expect(removed).toBe(14);
    expect(await feedsOf(readers)).toEqual(readers.map(() => [kept.aggregateId]));
  });

  it.each(['feed.purge-tombstone', 'feed.purge-listed', 'feed.purge-removed'] as const)(
    'empties every feed though the follows go while it stands at %s',
    async (point) => {
      const { author, readers, kept } = await world(5);
      armFaultPoints((reached) => (reached === point ? graphForgets(author).then(() => undefined) : undefined));
      await purgeAuthor(feed.deps, await erase(author));
      expect(await feedsOf(readers)).toEqual(readers.map(() => [kept.aggregateId]));
    },
  );

  it.each(['created', 'edited'] as const)('leaves nothing of a post that is %s after it', async (what) => {
    const { author, posts } = await world(1);
    const late = what === 'created' ? await feed.post(author) : (posts[0] as EventRef);
    const payload = { post_id: late.aggregateId, user_id: author, caption: 'never to be kept' };
    const edit = await insertEvent(feed.database.pool, 'content.post.updated', payload);
    await purgeAuthor(feed.deps, await erase(author));
    if (what === 'created') await beginFanOut(feed.deps, late);
    await refreshPost(feed.deps, edit);
    const { rows } = await feed.database.pool.query(
      'SELECT status, summary FROM post_states WHERE author_id = $1 GROUP BY status, summary',
      [author],
    );
    expect(rows).toEqual([{ status: 'deleted', summary: {} }]);
  });

  it('takes out posts whose own deletion found no followers any more', async () => {
    const { author, readers, posts, kept } = await world(3);
    await graphForgets(author);
    for (const created of posts) {
      const { aggregateId } = created;
      await feed.deps.posts.setStatus(aggregateId, 'deleted', (await feed.remove(created, author)).sequence);
    }
    await purgeAuthor(feed.deps, await erase(author));
    expect(await feedsOf(readers)).toEqual(readers.map(() => [kept.aggregateId]));
  });

  it.each(['feed.page-read', 'feed.page-written'] as const)(
    'is not undone by a fan-out that stood at %s while it ran',
    async (point) => {
      const { author, readers, kept } = await world(4);
      const late = await feed.post(author);
      const erased = await erase(author);
      let purged: Promise<unknown> | undefined;
      armFaultPoints((reached) => {
        if (reached !== point || purged !== undefined) return undefined;
        purged = purgeAuthor(feed.deps, erased);
        return purged.then(() => undefined);
      });
      await beginFanOut(feed.deps, late);
      expect(purged).toBeDefined();
      expect(await feedsOf(readers)).toEqual(readers.map(() => [kept.aggregateId]));
    },
  );

  it('goes on where it was, and begins again on another server or after the list was lost', async () => {
    const { author, readers, kept } = await world(3);
    const erased = await erase(author);
    // Other keys, so that a walk takes many steps.
    const fill = feed.redis.pipeline();
    for (let i = 0; i < 5_000; i++) fill.set(`other:${i}`, '');
    await fill.exec();
    const reports: { feeds?: string }[] = [];
    const progress = (resumeAt?: { after: null; count: number; feeds?: string }) => ({
      resumeAt,
      report: (point: { feeds?: string }) => void reports.push(point),
      alive: () => undefined,
      cancelled: () => false,
    });
    await purgeAuthor(feed.deps, erased, progress());
    expect(reports.length).toBeGreaterThan(3);
    for (const reader of readers) await feed.deps.feeds.fill(reader, [{ postId: newId(), scoreMs: 1, sequence: 1 }]);
    const [, cursor = ''] = reports[1]?.feeds?.split(' ') ?? [];
    const posts = await feed.deps.posts.pushed(author, '00000000-0000-0000-0000-000000000000', 10);
    await feed.redis.zadd(`feed:${readers[0]}`, 5, posts[0] ?? '');
    const { removed } = await purgeAuthor(
      feed.deps,
      erased,
      progress({ after: null, count: 0, feeds: `another-server ${cursor}` }),
    );
    expect(removed).toBe(1);
    expect((await feed.feedOf(readers[0] ?? ''))[0]).toBe(kept.aggregateId);

    await feed.deps.purge.end(author);
    await expect(feed.deps.purge.takeOut(author, readers)).rejects.toMatchObject({ code: 'REDIS_UNAVAILABLE' });
  });
});

describe('what hangs on the posts of a deleted author', () => {
  const media = () =>
    createMediaActivities({
      events: feed.deps.events,
      owners: new PgContentOwners(feed.database.pool),
      media: new PgMediaStore(feed.database.pool),
      pending: new RedisPendingMedia(feed.redis),
      tombstones: new PgTombstones(feed.database.pool),
      uploads: { mediaClaimed: async () => true },
      settings: { mediaClaimWindowMs: 3_600_000 },
      logger: silentLogger,
    });
  const upload = (author: string, mediaId: string) =>
    insertEvent(feed.database.pool, 'media.upload.completed', {
      upload_id: newId(),
      media_id: mediaId,
      user_id: author,
      file_name: 'a.png',
      size_bytes: 1,
    });
  const postWith = (author: string, ...media_ids: string[]) =>
    insertEvent(feed.database.pool, 'content.post.created', {
      post_id: newId(),
      user_id: author,
      media_type: 'image',
      media_ids,
    });
  const stateOf = async (mediaId: string) =>
    (await feed.database.pool.query('SELECT state, post_id FROM parked_media WHERE media_id = $1', [mediaId]))
      .rows[0] as unknown;
  const linksOf = async (created: EventRef) =>
    (await feed.database.pool.query('SELECT FROM post_media WHERE post_id = $1', [created.aggregateId])).rowCount;

  it('goes too: links of media, and uploads that wait for a post', async () => {
    const author = newId();
    const [linked, parked, late] = [newId(), newId(), newId()];
    const { mediaLink, mediaClaim } = media();
    const created = await postWith(author, linked);
    await beginFanOut(feed.deps, created);
    await mediaLink(await upload(author, linked));
    await mediaClaim(created);
    await mediaLink(await upload(author, parked));
    expect([await linksOf(created), await stateOf(parked)]).toEqual([1, { state: 'parked', post_id: null }]);
    const lateUpload = await upload(author, late);
    const latePost = await postWith(author, late);

    expect(await purgeAuthor(feed.deps, await erase(author))).toMatchObject({ unlinked: 1 });
    expect(await linksOf(created)).toBe(0);
    const free = { state: 'unclaimed', post_id: null };
    expect([await stateOf(linked), await stateOf(parked)]).toEqual([free, free]);

    // What was on its way comes too late, in either order.
    await mediaClaim(latePost);
    expect(await mediaLink(lateUpload)).toMatchObject({ state: 'unclaimed' });
    expect(await linksOf(latePost)).toBe(0);
  });

  it('goes too: notifications by them, about their posts and comments under them, and in their own inbox', async () => {
    const { pool } = feed.database;
    const [author, mentioned, commenter] = [await insertUser(pool), await insertUser(pool), await insertUser(pool)];
    const notify = createNotifyActivities(notifyDeps(pool));
    const created = await insertEvent(pool, 'content.post.created', {
      post_id: newId(),
      user_id: author,
      mentioned_user_ids: [mentioned],
    });
    await beginFanOut(feed.deps, created);
    const commentId = newId();
    const comment = await insertEvent(pool, 'comment.created', {
      comment_id: commentId,
      post_id: created.aggregateId,
      post_author_id: author,
      user_id: commenter,
      content: 'x',
      mentioned_user_ids: [mentioned],
    });
    const reaction = await insertEvent(pool, 'reaction.added', {
      target_type: 'comment',
      target_id: commentId,
      target_author_id: commenter,
      user_id: mentioned,
      emoji: '+',
    });
    const followed = await insertEvent(pool, 'follow.added', { follower_id: mentioned, followee_id: author });
    const events = [created, comment, reaction, followed];
    for (const event of events) await inActivity(() => notify.notifyInApp(event, null));
    const open = async () =>
      (await Promise.all(events.map((event) => notificationsOf(pool, event.eventId)))).map(
        (rows) => rows.filter(({ retracted }) => !retracted).length,
      );
    expect(await open()).toEqual([1, 2, 1, 1]);

    const erased = await erase(author);
    await purgeAuthor(feed.deps, erased);
    await inActivity(() => notify.notifyRetract(erased));
    expect(await open()).toEqual([0, 0, 0, 0]);
  });

  it('goes too: the text of their posts in the tables', async () => {
    const author = newId();
    const created = await feed.post(author, { caption: 'mine' });
    await beginFanOut(withSettings(feed, {}), created);
    await purgeAuthor(feed.deps, await erase(author));
    expect(await recordOf(created)).toEqual({ status: 'deleted', summary: {} });
  });

  it.each(['delete last', 'delete first', 'edit last'] as const)(
    'goes too: the text of posts that they had deleted before (%s)',
    async (order) => {
      const author = newId();
      const created = await feed.post(author, { caption: 'mine' });
      const edited = await insertEvent(feed.database.pool, 'content.post.updated', {
        ...{ post_id: created.aggregateId, user_id: author, caption: 'mine, better' },
      });
      const deleted = await feed.remove(created, author);
      const runs = [
        () => beginFanOut(withSettings(feed, {}), created),
        () => refreshPost(feed.deps, edited),
        () => beginRetraction(feed.deps, deleted),
      ] as const;
      const [create, edit, remove] = runs;
      const inOrder = {
        'delete last': [create, edit, remove],
        'delete first': [remove, create, edit],
        'edit last': [create, remove, edit],
      }[order];
      for (const run of inOrder) await run();
      // Nothing of a deleted post is kept, whether its author leaves or not.
      expect(await recordOf(created)).toEqual({ status: 'deleted', summary: {} });
      await purgeAuthor(feed.deps, await erase(author));
      expect(await recordOf(created)).toEqual({ status: 'deleted', summary: {} });
    },
  );
});
