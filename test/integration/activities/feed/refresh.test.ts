import { beginFanOut } from '../../../../activities/feed/fan-out';
import { refreshPost } from '../../../../activities/feed/refresh';
import { beginRetraction } from '../../../../activities/feed/retract';
import { type PayloadInput } from '../../../../contracts/catalogue';
import { type EventRef } from '../../../../contracts/event-ref';
import { insertEvent, newId } from '../../../support/events';
import { type FeedHarness, createFeedHarness } from '../../../support/feed-harness';

let feed: FeedHarness;
beforeAll(async () => (feed = await createFeedHarness()));
afterAll(() => feed.close());

const edited = (post: EventRef, author: string, fields: Partial<PayloadInput<'content.post.updated'>>) =>
  insertEvent(feed.database.pool, 'content.post.updated', { post_id: post.aggregateId, user_id: author, ...fields });
const cached = async (post: EventRef): Promise<unknown> =>
  JSON.parse((await feed.redis.get(`post:${post.aggregateId}`)) ?? 'null');

it('ends with the newest text of every field, in whatever order edits run', async () => {
  const author = newId();
  const post = await feed.post(author, { caption: 'first' });
  const older = await edited(post, author, { caption: 'second', title: 'old title' });
  const newer = await edited(post, author, { title: 'new title' });
  // Newest first, and the creation last of all.
  expect(await refreshPost(feed.deps, newer)).toBe(true);
  expect(await refreshPost(feed.deps, older)).toBe(true);
  await beginFanOut(feed.deps, post);
  expect(await cached(post)).toMatchObject({ caption: 'second', title: 'new title' });
});

it('caches nothing of a post that is gone', async () => {
  const author = newId();
  const post = await feed.post(author);
  await beginFanOut(feed.deps, post);
  const edit = await edited(post, author, { caption: 'too late' });
  await beginRetraction(feed.deps, await feed.remove(post, author));
  expect(await refreshPost(feed.deps, edit)).toBe(true);
  expect(await cached(post)).toBeNull();
});

it('skips an edit of a post that feeds have never heard of', async () => {
  const edit = await insertEvent(feed.database.pool, 'content.post.updated', { post_id: newId(), user_id: newId() });
  expect(await refreshPost(feed.deps, edit)).toBe(false);
});
