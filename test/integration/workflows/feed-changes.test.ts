import { insertEvent, newId } from '../../support/events';
import { withSettings } from '../../support/feed-harness';
import { type FeedWorkers, startFeedWorkers } from '../../support/feed-workers';
import { override } from '../../support/override';

let all: FeedWorkers;
beforeAll(async () => (all = await startFeedWorkers()));
afterAll(() => all.close());
beforeEach(() => (all.deps = withSettings(all.feed, { feedPageSize: 1, feedPagesPerCall: 1 })));

it('takes an archived post out page by page, takes notifications back, and publishes it again', async () => {
  const author = newId();
  const followers = [newId(), newId(), newId()];
  await all.feed.follow(author, ...followers);
  const post = await all.feed.post(author);
  await all.run('feedFanoutWorkflow', post);
  const archived = await all.feed.status(post, author, 'archived');
  const result = await all.run('retractionWorkflow', archived);
  expect(result).toMatchObject({ outcome: 'done', counts: { removed: 3, signalled: 0 } });
  for (const follower of followers) expect(await all.feed.feedOf(follower)).toEqual([]);
  expect(all.calls.retracted).toContain(archived.eventId);
  const again = await all.feed.status(post, author, 'published');
  expect(await all.run('feedFanoutWorkflow', again)).toMatchObject({ outcome: 'done', counts: { followers: 3 } });
  for (const follower of followers) expect(await all.feed.feedOf(follower)).toEqual([post.aggregateId]);
  expect(all.calls.emitted).toEqual([post, archived, again].map((event) => event.eventId));
});

it('retracts although no run can be signalled', async () => {
  const [author, follower] = [newId(), newId()];
  await all.feed.follow(author, follower);
  const post = await all.feed.post(author);
  await all.run('feedFanoutWorkflow', post);
  all.deps = { ...all.deps, runs: { deleted: () => Promise.reject(new Error('Temporal is away')) } };
  const result = await all.run('retractionWorkflow', await all.feed.remove(post, author));
  expect(result).toMatchObject({ outcome: 'done', counts: { removed: 1, signalled: 0 } });
  expect(await all.feed.feedOf(follower)).toEqual([]);
});

it('is skipped, listably, when a later event published the post again', async () => {
  const author = newId();
  const post = await all.feed.post(author);
  await all.run('feedFanoutWorkflow', post);
  const archived = await all.feed.status(post, author, 'archived');
  await all.run('feedFanoutWorkflow', await all.feed.status(post, author, 'published'));
  expect(await all.run('retractionWorkflow', archived)).toMatchObject({ outcome: 'skipped' });
  const { searchAttributes } = await all.client.workflow.getHandle(archived.eventId).describe();
  expect(searchAttributes['Outcome']).toEqual(['skipped']);
});

it('takes back notifications of messages and reactions without touching feeds', async () => {
  const event = await insertEvent(all.feed.database.pool, 'message.deleted', {
    message_id: newId(),
    conversation_id: newId(),
  });
  expect(await all.run('retractionWorkflow', event)).toMatchObject({ outcome: 'done', counts: { removed: 0 } });
  expect(all.calls.retracted).toContain(event.eventId);
});

it('fills and clears a feed with a follow, notifies the followee of a new one only, and takes that back with its end', async () => {
  const [reader, friend] = [newId(), newId()];
  const post = await all.feed.post(friend);
  await all.run('feedFanoutWorkflow', post);
  await all.feed.follow(friend, reader);
  const pair = { follower_id: reader, followee_id: friend };
  const added = await insertEvent(all.feed.database.pool, 'follow.added', pair);
  expect(await all.run('followWorkflow', added)).toMatchObject({ outcome: 'done', counts: { notified: 1 } });
  expect(await all.feed.feedOf(reader)).toEqual([post.aggregateId]);
  await all.feed.unfollow(friend, reader);
  const removed = await insertEvent(all.feed.database.pool, 'follow.removed', pair);
  expect(await all.run('followWorkflow', removed)).toMatchObject({ outcome: 'done', counts: { notified: 0 } });
  expect(all.calls.retracted).toContain(removed.eventId);
  expect(all.calls.retracted).not.toContain(added.eventId);
  expect(await all.feed.feedOf(reader)).toEqual([]);
  expect(all.calls.notified).toEqual([added.eventId]);
});

it('refreshes an edited post, also as a regular activity when the first try fails', async () => {
  const author = newId();
  const post = await all.feed.post(author);
  await all.run('feedFanoutWorkflow', post);
  let failures = 1;
  const posts = override(all.deps.posts, {
    mergeSummary: (...args) =>
      failures-- > 0 ? Promise.reject(new Error('once')) : all.feed.deps.posts.mergeSummary(...args),
  });
  all.deps = { ...all.deps, posts };
  const edit = await insertEvent(all.feed.database.pool, 'content.post.updated', {
    post_id: post.aggregateId,
    user_id: author,
    caption: 'better',
  });
  expect(await all.run('postRefreshWorkflow', edit)).toMatchObject({ outcome: 'done' });
  expect(await all.feed.redis.get(`post:${post.aggregateId}`)).toContain('better');
});

it('skips the edit of a post that feeds have never heard of', async () => {
  const edit = await insertEvent(all.feed.database.pool, 'content.post.updated', {
    post_id: newId(),
    user_id: newId(),
  });
  expect(await all.run('postRefreshWorkflow', edit)).toMatchObject({ outcome: 'skipped' });
});
