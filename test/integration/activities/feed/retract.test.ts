import { beginFanOut } from '../../../../activities/feed/fan-out';
import { type WalkPoint } from '../../../../activities/feed/page-followers';
import { beginRetraction, retractPages } from '../../../../activities/feed/retract';
import { signalRuns } from '../../../../activities/feed/signal-runs';
import { type EventRef } from '../../../../contracts/event-ref';
import { insertEvent, newId } from '../../../support/events';
import { type FeedHarness, createFeedHarness, withSettings } from '../../../support/feed-harness';
import { override } from '../../../support/override';

let feed: FeedHarness;
beforeAll(async () => (feed = await createFeedHarness()));
afterAll(() => feed.close());

async function published(author: string, ...followers: string[]): Promise<EventRef> {
  await feed.follow(author, ...followers);
  const event = await feed.post(author);
  await beginFanOut(feed.deps, event);
  return event;
}

it.each(['deleted', 'archived'] as const)('takes a post that was %s out of every feed and cache', async (status) => {
  const author = newId();
  const followers = [newId(), newId(), newId()].sort();
  const post = await published(author, ...followers);
  const event = status === 'deleted' ? await feed.remove(post, author) : await feed.status(post, author, status);
  const deps = withSettings(feed, { feedPageSize: 2 });
  const begun = await beginRetraction(deps, event);
  expect(begun).toMatchObject({ mode: 'done', removed: 2, signal: true });
  expect(await retractPages(deps, event, begun.next as WalkPoint)).toEqual({ mode: 'done', removed: 3, next: null });
  for (const follower of followers) expect(await feed.feedOf(follower)).toEqual([]);
  expect(await feed.redis.get(`post:${post.aggregateId}`)).toBeNull();
  expect(await feed.deps.posts.find(post.aggregateId)).toMatchObject({ status, live: false });
});

it('leaves a post alone that a later event has published again', async () => {
  const [author, follower] = [newId(), newId()];
  const post = await published(author, follower);
  const archived = await feed.status(post, author, 'archived');
  await beginFanOut(feed.deps, await feed.status(post, author, 'published'));
  expect(await beginRetraction(feed.deps, archived)).toMatchObject({ mode: 'overtaken', next: null });
  expect(await feed.feedOf(follower)).toEqual([post.aggregateId]);
  expect(await feed.redis.get(`post:${post.aggregateId}`)).not.toBeNull();
});

it('puts back what it removed when the post is published again meanwhile', async () => {
  const [author, follower] = [newId(), newId()];
  const post = await published(author, follower);
  const archived = await feed.status(post, author, 'archived');
  const again = await feed.status(post, author, 'published');
  const followers = override(feed.deps.followers, {
    // The whole publication runs after the retraction has read its page.
    page: async (...args) => {
      const page = await feed.deps.followers.page(...args);
      await beginFanOut(feed.deps, again);
      return page;
    },
  });
  expect(await beginRetraction({ ...feed.deps, followers }, archived)).toMatchObject({ mode: 'overtaken' });
  expect(await feed.feedOf(follower)).toEqual([post.aggregateId]);
});

it('lets nothing revive a deleted post', async () => {
  const [author, follower] = [newId(), newId()];
  const post = await published(author, follower);
  await beginRetraction(feed.deps, await feed.remove(post, author));
  const again = await feed.status(post, author, 'published');
  expect(await beginFanOut(feed.deps, again)).toMatchObject({ mode: 'stopped' });
  expect(await feed.feedOf(follower)).toEqual([]);
});

it('sets the tombstone of a post it has never heard of', async () => {
  const event = await feed.remove({ aggregateId: newId() }, newId());
  expect(await beginRetraction(feed.deps, event)).toMatchObject({ mode: 'done', next: null, signal: true });
  expect(await feed.deps.tombstones.isFinal('post', event.aggregateId)).toBe(true);
  expect(await feed.deps.posts.find(event.aggregateId)).toBeUndefined();
});

it.each(['deleted', 'archived'] as const)(
  'leaves one record of a post %s, in whichever order it runs',
  async (status) => {
    const [author, follower] = [newId(), newId()];
    await feed.follow(author, follower);
    const retraction = (post: EventRef) =>
      status === 'deleted' ? feed.remove(post, author) : feed.status(post, author, status);
    const [early, late] = [await feed.post(author), await feed.post(author)];
    const [earlyGone, lateGone] = [await retraction(early), await retraction(late)];

    await beginFanOut(feed.deps, early);
    await beginRetraction(feed.deps, earlyGone);
    await beginRetraction(feed.deps, lateGone);
    expect(await beginFanOut(feed.deps, late)).toMatchObject({ mode: 'stopped' });

    const record = async (post: EventRef, gone: EventRef) => {
      const found = await feed.deps.posts.find(post.aggregateId);
      expect(found).toMatchObject({ postId: post.aggregateId, sequence: gone.sequence, scoreMs: post.createdAtMs });
      return { status: found?.status, live: found?.live, delivery: found?.delivery, summary: found?.summary };
    };
    expect(await record(late, lateGone)).toEqual(await record(early, earlyGone));
    expect(await record(late, lateGone)).toMatchObject({ status, live: false, delivery: 'push' });
    expect(await feed.feedOf(follower)).toEqual([]);
  },
);

it('sets tombstones of messages for good and of reactions up to the event', async () => {
  const { pool } = feed.database;
  const [messageId, target, user] = [newId(), newId(), newId()];
  const message = await insertEvent(pool, 'message.deleted', { message_id: messageId, conversation_id: newId() });
  const reaction = await insertEvent(pool, 'reaction.removed', { target_id: target, user_id: user, emoji: '👍' });
  for (const [event, signal] of [
    [message, true],
    [reaction, false],
  ] as const) {
    expect(await beginRetraction(feed.deps, event)).toMatchObject({ next: null, signal });
  }
  const { tombstones } = feed.deps;
  expect(await tombstones.isFinal('message', messageId)).toBe(true);
  const id = `${target}:${user}:👍`;
  expect(await tombstones.states([{ type: 'reaction', id }])).toMatchObject([
    { final: false, sequence: reaction.sequence },
  ]);
});

it('signals the workflows of the aggregate’s earlier, started events, newest first', async () => {
  const author = newId();
  const post = await feed.post(author);
  const edit = await insertEvent(feed.database.pool, 'content.post.updated', {
    post_id: post.aggregateId,
    user_id: author,
  });
  const unstarted = { post_id: post.aggregateId, user_id: author, caption: 'x' };
  await insertEvent(feed.database.pool, 'content.post.updated', unstarted, { started: false });
  const event = await feed.remove(post, author);
  await feed.status(post, author, 'published');
  const signalled: string[] = [];
  const runs = { deleted: async (id: string) => signalled.push(id) > 0 && id === post.eventId };
  expect(await signalRuns({ ...feed.deps, runs }, event)).toBe(1);
  expect(signalled).toEqual([edit.eventId, post.eventId]);
});
