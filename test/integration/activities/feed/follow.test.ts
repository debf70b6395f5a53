import { beginFanOut } from '../../../../activities/feed/fan-out';
import { settleFollow } from '../../../../activities/feed/follow';
import { beginRetraction } from '../../../../activities/feed/retract';
import { type EventRef } from '../../../../contracts/event-ref';
import { insertEvent, newId } from '../../../support/events';
import { type FeedHarness, createFeedHarness, withSettings } from '../../../support/feed-harness';
import { override } from '../../../support/override';

let feed: FeedHarness;
beforeAll(async () => (feed = await createFeedHarness()));
afterAll(() => feed.close());

const changed = (type: 'follow.added' | 'follow.removed', follower: string, followee: string): Promise<EventRef> =>
  insertEvent(feed.database.pool, type, { follower_id: follower, followee_id: followee });

async function posts(author: string, count: number): Promise<EventRef[]> {
  const events: EventRef[] = [];
  for (let n = 0; n < count; n++) {
    const event = await feed.post(author);
    await beginFanOut(feed.deps, event);
    events.push(event);
  }
  return events;
}
const newestFirst = (events: EventRef[]): string[] =>
  [...events]
    .sort((a, b) => b.createdAtMs - a.createdAtMs || (a.aggregateId < b.aggregateId ? 1 : -1))
    .map((event) => event.aggregateId);

it('fills the feed with the followee’s posts, and takes exactly those out when the follow ends', async () => {
  const [reader, friend, other] = [newId(), newId(), newId()];
  await feed.follow(other, reader);
  const kept = await posts(other, 2);
  const theirs = await posts(friend, 3);
  await feed.follow(friend, reader);
  expect(await settleFollow(feed.deps, await changed('follow.added', reader, friend))).toBe('filled');
  expect(await feed.feedOf(reader)).toEqual(newestFirst([...kept, ...theirs]));
  await feed.unfollow(friend, reader);
  expect(await settleFollow(feed.deps, await changed('follow.removed', reader, friend))).toBe('cleared');
  expect(await feed.feedOf(reader)).toEqual(newestFirst(kept));
});

it('goes by the follows table, not by the event', async () => {
  const [reader, friend] = [newId(), newId()];
  const theirs = await posts(friend, 1);
  expect(await settleFollow(feed.deps, await changed('follow.added', reader, friend))).toBe('cleared');
  expect(await feed.feedOf(reader)).toEqual([]);
  await feed.follow(friend, reader);
  expect(await settleFollow(feed.deps, await changed('follow.removed', reader, friend))).toBe('filled');
  expect(await feed.feedOf(reader)).toEqual(newestFirst(theirs));
});

it('sets the bound when the followee has more posts than a feed holds', async () => {
  const [reader, friend] = [newId(), newId()];
  const theirs = await posts(friend, 5);
  await feed.follow(friend, reader);
  const deps = withSettings(feed, { feedCap: 3 });
  await settleFollow(deps, await changed('follow.added', reader, friend));
  const { entries, bound } = await deps.feeds.read(reader);
  const scores = theirs.map((event) => event.createdAtMs).sort((a, b) => b - a);
  expect(bound).toBe(scores[3]);
  expect(entries.map((entry) => entry.scoreMs)).toEqual(scores.filter((score) => score > (scores[3] ?? 0)));
});

it('takes a post out again that was deleted while the feed was filled', async () => {
  const [reader, friend] = [newId(), newId()];
  const [removedPost, stays] = (await posts(friend, 2)) as [EventRef, EventRef];
  await feed.follow(friend, reader);
  let deleted = false;
  const store = override(feed.deps.posts, {
    newestLive: async (...args) => {
      const newest = await feed.deps.posts.newestLive(...args);
      if (!deleted) await beginRetraction(feed.deps, await feed.remove(removedPost, friend));
      deleted = true;
      return newest;
    },
  });
  await settleFollow({ ...feed.deps, posts: store }, await changed('follow.added', reader, friend));
  expect(await feed.feedOf(reader)).toEqual([stays.aggregateId]);
});

it('clears the feed when the follow ends while it is filled, and fills it when it returns while it is cleared', async () => {
  const [reader, friend] = [newId(), newId()];
  const theirs = await posts(friend, 2);
  await feed.follow(friend, reader);
  const fill = override(feed.deps.feeds, {
    fill: async (...args) => {
      await feed.deps.feeds.fill(...args);
      await feed.unfollow(friend, reader);
    },
  });
  const added = await changed('follow.added', reader, friend);
  expect(await settleFollow({ ...feed.deps, feeds: fill }, added)).toBe('cleared');
  expect(await feed.feedOf(reader)).toEqual([]);
  await feed.follow(friend, reader);
  await settleFollow(feed.deps, added);
  await feed.unfollow(friend, reader);
  const clear = override(feed.deps.feeds, {
    remove: async (...args) => {
      const removed = await feed.deps.feeds.remove(...args);
      await feed.follow(friend, reader);
      return removed;
    },
  });
  const removed = await changed('follow.removed', reader, friend);
  expect(await settleFollow({ ...feed.deps, feeds: clear }, removed)).toBe('filled');
  expect(await feed.feedOf(reader)).toEqual(newestFirst(theirs));
});
