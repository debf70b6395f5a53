import { Client } from 'pg';
import { PgFollowWriter } from '../../../../activities/feed/pg-follow-writer';
import { type FeedDeps } from '../../../../activities/feed/deps';
import { beginFanOut } from '../../../../activities/feed/fan-out';
import { settleFollow } from '../../../../activities/feed/follow';
import { purgeAuthor } from '../../../../activities/feed/purge-author';
import { type EventRef } from '../../../../contracts/event-ref';
import { insertEvent, newId } from '../../../support/events';
import { type FeedHarness, createFeedHarness } from '../../../support/feed-harness';
import { inTransaction } from '../../../../runtime/postgres';
import { waitFor } from '../../../support/wait-for';

let feed: FeedHarness;
let deps: FeedDeps;
beforeAll(async () => {
  feed = await createFeedHarness();
  deps = { ...feed.deps, followWriter: new PgFollowWriter(feed.database.pool) };
});
afterAll(() => feed.close());

type Kind = 'added' | 'removed';
interface Pair {
  readonly followee: string;
  readonly follower: string;
}
const pair = (): Pair => ({ followee: newId(), follower: newId() });
const written = (
  kind: Kind,
  { followee, follower }: Pair,
  pool: Parameters<typeof insertEvent>[0] = feed.database.pool,
) => insertEvent(pool, `follow.${kind}`, { follower_id: follower, followee_id: followee });
const follows = ({ followee, follower }: Pair) => deps.followers.follows(follower, followee);
const run = (event: EventRef) => settleFollow(deps, event);

/** Every order of the given items. */
const orders = <T>(items: readonly T[]): T[][] =>
  items.length < 2
    ? [[...items]]
    : items.flatMap((item, i) => orders([...items.slice(0, i), ...items.slice(i + 1)]).map((rest) => [item, ...rest]));

describe('follow.added', () => {
  it('makes a user a follower, whose feed is not empty then', async () => {
    const { followee, follower } = pair();
    const post = await feed.post(followee);
    await beginFanOut(deps, post);
    expect(await run(await written('added', { followee, follower }))).toBe('filled');
    expect(await feed.feedOf(follower)).toEqual([post.aggregateId]);
    expect(await run(await written('removed', { followee, follower }))).toBe('cleared');
    expect(await follows({ followee, follower })).toBe(false);
    expect(await feed.feedOf(follower)).toEqual([]);
  });

  it('and follow.removed leave what the newest of them says, in every order and however often they run', async () => {
    const stories: Kind[][] = [
      ['added', 'removed'],
      ['removed', 'added'],
      ['added', 'removed', 'added'],
      ['removed', 'added', 'removed'],
    ];
    for (const story of stories) {
      for (const order of orders(story.map((_, i) => i))) {
        const one = pair();
        const events: EventRef[] = [];
        for (const kind of story) events.push(await written(kind, one));
        // Each twice, the second time after all others: a late replay.
        for (const i of [...order, ...order]) await run(events[i]!);
        expect([story, order, await follows(one)]).toEqual([story, order, story.at(-1) === 'added']);
      }
    }
  });

  it('and follow.removed leave what the newest says when all run at once', async () => {
    for (let round = 0; round < 10; round++) {
      const one = pair();
      const events: EventRef[] = [];
      for (const kind of ['added', 'removed', 'added', 'removed', 'added'] as const)
        events.push(await written(kind, one));
      const last = round % 2 === 0 ? events : events.slice(0, 4);
      await Promise.all(
        last.map((event) =>
          waitFor(
            () =>
              run(event).then(
                () => true,
                () => false,
              ),
            { what: 'a run' },
          ),
        ),
      );
      expect(await follows(one)).toBe(round % 2 === 0);
    }
  });

  it('does nothing where a service of the deployment writes the table', async () => {
    const one = pair();
    expect(await settleFollow(feed.deps, await written('added', one))).toBe('cleared');
    expect(await follows(one)).toBe(false);
  });
});

describe('where a service writes follows too', () => {
  const begin = (one: Pair) => feed.follow(one.followee, one.follower);
  const end = (one: Pair) => feed.unfollow(one.followee, one.follower);

  it('what it ends without an event no late follow.added begins again', async () => {
    const one = pair();
    await begin(one);
    const added = await written('added', one);
    await end(one);
    await run(added);
    expect(await follows(one)).toBe(false);
    await run(await written('added', one));
    expect(await follows(one)).toBe(true);
  });

  it('what it begins again without an event no late follow.removed ends', async () => {
    const one = pair();
    await begin(one);
    await end(one);
    const removed = await written('removed', one);
    await begin(one);
    await run(removed);
    expect(await follows(one)).toBe(true);
  });

  it('both say the same, whatever the order in which the events run', async () => {
    for (const order of orders([0, 1, 2])) {
      const one = pair();
      const events: EventRef[] = [];
      for (const kind of ['added', 'removed', 'added'] as const) {
        await inTransaction(feed.database.pool, async (tx) => {
          const [sql, values] =
            kind === 'added'
              ? ['INSERT INTO follows (followee_id, follower_id) VALUES ($1, $2)', [one.followee, one.follower]]
              : ['DELETE FROM follows WHERE followee_id = $1 AND follower_id = $2', [one.followee, one.follower]];
          await tx.query(sql, values);
          events.push(await written(kind, one, tx));
        });
      }
      for (const i of order) {
        await run(events[i]!);
        expect([order, await follows(one)]).toEqual([order, true]);
      }
    }
  });

  it('its transaction is never the one that a deadlock ends: the run gives way, and is tried again', async () => {
    const one = pair();
    await begin(one);
    await end(one);
    const added = await written('added', one);
    const service = new Client({ connectionString: feed.database.url });
    await service.connect();
    try {
      await service.query('SET search_path = nova; BEGIN');
      await service.query('INSERT INTO follows (followee_id, follower_id) VALUES ($1, $2)', [
        one.followee,
        one.follower,
      ]);
      // The run is refused the row, for as long as the transaction is open.
      await expect(run(added)).rejects.toThrow(/lock timeout/);
      await service.query('DELETE FROM follows WHERE followee_id = $1', [one.followee]);
      await service.query('COMMIT');
    } finally {
      await service.end();
    }
    await run(added);
    expect(await follows(one)).toBe(false);
  });
});

describe('a deleted user', () => {
  it('follows no one and is followed by no one, also when a follow.added comes late', async () => {
    const [gone, friend, fan] = [newId(), newId(), newId()];
    const late = [
      await written('added', { followee: gone, follower: fan }),
      await written('added', { followee: friend, follower: gone }),
    ];
    for (const follower of [newId(), newId(), newId()]) await feed.follow(gone, follower);
    await feed.follow(friend, gone);
    await feed.follow(friend, fan);
    await purgeAuthor(deps, await insertEvent(feed.database.pool, 'identity.user.deleted', { user_id: gone }));
    for (const event of late) await run(event);
    const { rows } = await feed.database.pool.query('SELECT FROM follows WHERE $1 IN (followee_id, follower_id)', [
      gone,
    ]);
    expect(rows).toEqual([]);
    expect(await follows({ followee: friend, follower: fan })).toBe(true);
  });
});
