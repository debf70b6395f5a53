import { beginFanOut } from '../../../activities/feed/fan-out';
import { FeedReader } from '../../../client/feed';
import { newId } from '../../support/events';
import { type FeedHarness, createFeedHarness, withSettings } from '../../support/feed-harness';
import { type DocumentedLogin, createReadingLogin } from '../../support/documented-login';

let feed: FeedHarness;
let login: DocumentedLogin;
beforeAll(async () => {
  feed = await createFeedHarness();
  login = await createReadingLogin(feed.database);
});
afterAll(async () => {
  await login.drop();
  await feed.close();
});
/** As if a worker ran. */
beforeEach(() => feed.redis.incr('feed_beat'));

const feedCap = 10;
const reader = () => new FeedReader({ database: login.pool, redis: feed.redis, feedCap });

/** A user who follows one author who is pushed and one who is pulled; ids of their posts, newest first. */
async function world(count = 14) {
  const [user, pushed, pulled] = [newId(), newId(), newId()];
  await feed.follow(pushed, user);
  await feed.follow(pulled, user, newId());
  const deps = withSettings(feed, { feedCap, feedPullThreshold: 1 });
  const posts = [];
  for (let n = 0; n < count; n++) {
    const event = await feed.post(n % 2 === 0 ? pushed : pulled);
    await beginFanOut(deps, event);
    posts.push(event);
  }
  posts.sort((a, b) => b.createdAtMs - a.createdAtMs || (a.aggregateId < b.aggregateId ? 1 : -1));
  return { user, pushed, pulled, deps, expected: posts.map(({ aggregateId }) => aggregateId) };
}

async function readAll(user: string, limit: number) {
  const [ids, sources] = [[] as string[], new Set<string>()];
  for (let cursor: string | null | undefined; cursor !== null;) {
    const page = await reader().page(user, { limit, cursor });
    ids.push(...page.posts.map(({ postId }) => postId));
    sources.add(page.source);
    cursor = page.next;
  }
  return { ids, sources: [...sources] };
}

it('reads all of a feed in pages of any size, pushed and pulled, with the rights that its page gives', async () => {
  const { user, expected } = await world(30);
  for (const limit of [1, 4, 30, 200])
    expect(await readAll(user, limit)).toEqual({ ids: expected, sources: ['store'] });
});

it('shows nothing of what is deleted or hidden, though Redis still has it', async () => {
  const { user, pushed, pulled, deps, expected } = await world();
  await deps.tombstones.set({ subjectType: 'post', subjectId: expected[0]!, sequence: 1, final: true, reason: 'test' });
  const { rows } = await feed.database.pool.query<{ post_id: string }>(
    'SELECT post_id FROM post_states WHERE author_id = $1',
    [pulled],
  );
  const gone = new Set([expected[0], ...rows.map(({ post_id }) => post_id)]);
  await feed.database.pool.query(`INSERT INTO user_profiles (user_id, state, sequence) VALUES ($1, 'hidden', 1)`, [
    pulled,
  ]);
  expect((await readAll(user, 3)).ids).toEqual(expected.filter((id) => !gone.has(id)));
  await feed.database.pool.query(`INSERT INTO user_profiles (user_id, state, sequence) VALUES ($1, 'hidden', 1)`, [
    pushed,
  ]);
  expect((await readAll(user, 3)).ids).toEqual([]);
});

it('stores a feed again that Redis has lost, so that the workers go on with it', async () => {
  const { user, expected, deps, pushed } = await world();
  await feed.redis.unlink(`feed:${user}`);
  expect((await readAll(user, 5)).ids).toEqual(expected);
  expect(await deps.feeds.read(user)).toMatchObject({ known: true });
  const late = await feed.post(pushed);
  await beginFanOut(deps, late);
  expect((await readAll(user, 5)).ids).toEqual([late.aggregateId, ...expected]);
});

it('reads the tables alone where no worker writes, and stores nothing there', async () => {
  const { user, expected } = await world();
  await feed.redis.unlink('feed_beat', `feed:${user}`);
  expect(await readAll(user, 5)).toEqual({ ids: expected, sources: ['tables'] });
  expect(await feed.redis.exists(`feed:${user}`)).toBe(0);
});

it.each([
  [{ limit: 0 }, 'limit is 0; give a whole number from 1 to 200'],
  [{ cursor: 'abc' }, 'cursor "abc" is none: give `next` of the page before'],
  [{ cursor: `5.${newId()}.7` }, 'is none: give `next` of the page before'],
])('refuses %j', async (page, message) => {
  await expect(reader().page(newId(), page)).rejects.toThrow(RangeError);
  await expect(reader().page(newId(), page)).rejects.toThrow(message);
});

it('refuses a user that is none, and a cap that no worker has', async () => {
  await expect(reader().page('bob')).rejects.toThrow(new RangeError('userId must be a UUID, got "bob"'));
  const make = () => new FeedReader({ database: login.pool, redis: feed.redis, feedCap: 1 });
  expect(make).toThrow('feedCap is 1; give a whole number from 10 to 10000');
});
