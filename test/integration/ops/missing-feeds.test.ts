import { PgRepairSource } from '../../../activities/feed/pg-repair-source';
import { beginFanOut } from '../../../activities/feed/fan-out';
import { rebuildMissingFeeds } from '../../../ops/feeds/missing-feeds';
import { newId } from '../../support/events';
import { type FeedHarness, createFeedHarness } from '../../support/feed-harness';
import { runOps } from '../../support/ops-command';

let feed: FeedHarness;
beforeEach(async () => (feed = await createFeedHarness()));
afterEach(() => feed.close());

const ops = (...args: string[]) => {
  const { keyPrefix = '' } = feed.redis.options;
  return runOps({ DATABASE_URL: feed.database.urls.operator, REDIS_KEY_PREFIX: keyPrefix, OPS_ACTOR: 'ada' }, ...args);
};

/** Readers with a post in their feeds. */
async function readers(count: number) {
  const author = newId();
  const ids = Array.from({ length: count }, newId).sort();
  await feed.follow(author, ...ids);
  const post = await feed.post(author);
  await beginFanOut(feed.deps, post);
  return { author, ids, postId: post.aggregateId };
}
const isStored = async (id: string) => (await feed.redis.exists(`feed:${id}`)) === 1;
const writtenBy = (userId: string) => feed.redis.get(`feed_mark:${userId}`);

describe('nova rebuild-feeds --missing', () => {
  it('writes the feeds that are missing and touches no other, nor one that would be empty', async () => {
    const { ids, postId } = await readers(4);
    const [missing = '', there = '', wrong = '', alsoMissing = ''] = ids;
    const empty = newId();
    await feed.follow(newId(), empty);
    await feed.deps.feeds.drop(missing);
    await feed.deps.feeds.drop(alsoMissing);
    // What is in a feed that is there is not looked at: only a whole rebuild, or a reader, puts it right.
    await feed.redis.zadd(`feed:${wrong}`, 1, newId());
    const before = await feed.feedOf(wrong);
    const marks = [await writtenBy(there), await writtenBy(wrong)];

    const { code, stdout, stderr } = await ops('rebuild-feeds', '--missing', '--json', '--reason', 'keys were deleted');
    expect({ code, stderr, said: JSON.parse(stdout) as object }).toEqual({
      ...{ code: 0, stderr: '' },
      said: { lookedAt: 5, rebuilt: 2 },
    });
    expect([await feed.feedOf(missing), await feed.feedOf(alsoMissing)]).toEqual([[postId], [postId]]);
    expect((await feed.deps.feeds.read(missing)).known).toBe(true);
    expect(await feed.feedOf(wrong)).toEqual(before);
    expect([await writtenBy(there), await writtenBy(wrong)]).toEqual(marks);
    expect([await isStored(empty), await writtenBy(empty)]).toEqual([false, null]);

    const { rows } = await feed.database.pool.query(
      'SELECT command, actor, reason, done, details FROM operator_acts ORDER BY at',
    );
    const act = { command: 'rebuild-feeds --missing', actor: 'ada', reason: 'keys were deleted' };
    expect(rows).toEqual([
      { ...act, done: null, details: {} },
      { ...act, done: 2, details: { lookedAt: 5 } },
    ]);
    expect((await ops('rebuild-feeds', '--missing')).stdout).toBe(
      'rebuilt 0 feeds that were missing, of 5 people who follow another\n',
    );
  });

  it('walks page by page, of any size, and says how far it is', async () => {
    const { ids } = await readers(5);
    for (const id of ids.slice(1)) await feed.deps.feeds.drop(id);
    const asked: number[] = [];
    const source = new PgRepairSource(feed.database.pool);
    const counted = {
      followers: (after: string, limit: number) => {
        asked.push(limit);
        return source.followers(after, limit);
      },
    };
    const said: object[] = [];
    const deps = { ...feed.deps, redis: feed.redis, source: counted };
    expect(await rebuildMissingFeeds(deps, (soFar) => void said.push(soFar), 2)).toEqual({ lookedAt: 5, rebuilt: 4 });
    expect(said).toEqual([
      { lookedAt: 2, rebuilt: 1 },
      { lookedAt: 4, rebuilt: 3 },
      { lookedAt: 5, rebuilt: 4 },
    ]);
    expect(asked).toEqual([2, 2, 2, 2]);
  });

  it('takes no names of users', async () => {
    expect(await ops('rebuild-feeds', newId(), '--missing')).toMatchObject({
      ...{ code: 2, stdout: '' },
      stderr: 'nova: --missing looks at everyone: name no users with it\n',
    });
  });
});
