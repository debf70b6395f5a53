import { feedKey } from '../../../../feeds/feed-keys';
import { rebuildFeed } from '../../../../feeds/rebuild';
import { type AuditDeps, type AuditedFeeds } from '../../../../activities/audit/deps';
import { NovaError } from '../../../../contracts/failures';
import { type AuditWorld, createAuditWorld } from '../../../support/audit-world';
import { insertEvent, newId } from '../../../support/events';

let world: AuditWorld;
beforeEach(async () => {
  world = await createAuditWorld();
  await world.bridgeSays('polling');
});
afterEach(() => world.close());

const hour = 3_600_000;
const feeds = (): AuditedFeeds => world.deps.feeds!;
const withFeeds = (others: Partial<AuditedFeeds>): AuditDeps => ({ ...world.deps, feeds: { ...feeds(), ...others } });
const auditWith = (deps: AuditDeps) => world.auditWith(deps, { sinceMs: 60_000 });
const detailOf = async (userId: string) => {
  const { rows } = await world.database.pool.query<{ detail: string }>(
    `SELECT detail FROM audit_findings WHERE event_id = $1 AND resolved_at IS NULL`,
    [userId],
  );
  return rows.map(({ detail }) => detail);
};
const repair = async (userId: string) =>
  rebuildFeed(
    { feeds: feeds().store as never, truth: feeds().truth as never, settings: { feedCap: feeds().cap } },
    userId,
  );

it('finds what Redis lost without a sign, and what does not belong there, and ends it when the feed is rebuilt', async () => {
  const [lost, extra, whole] = [await world.reader(5), await world.reader(5), await world.reader(5)];
  const stranger = newId();
  await world.redis.zrem(feedKey(lost.userId), lost.posts[0]!, lost.posts[3]!);
  await world.redis.zadd(feedKey(extra.userId), 9_000, stranger);
  const report = await world.audit();
  expect(report).toMatchObject({ unexplained: 2, counts: { feed_differs: 2 }, examined: { feeds: 3 } });
  expect(await detailOf(lost.userId)).toEqual([
    `the feed of this reader differs from the tables; missing from it: posts ${lost.posts[0]}, ${lost.posts[3]}`,
  ]);
  expect(await detailOf(extra.userId)).toEqual([
    `the feed of this reader differs from the tables; in it and should not be: posts ${stranger}`,
  ]);
  expect(await world.findings(whole.userId)).toEqual([]);
  for (const { userId } of [lost, extra]) await repair(userId);
  expect(await world.audit()).toEqual(expect.objectContaining({ unexplained: 0, counts: {} }));
});

it('compares only what a feed promises: above its bound, and nothing that readers rebuild first', async () => {
  // More posts than the feed holds, so it has a bound.
  const full = await world.reader(feeds().cap + 10);
  const evicted = await world.reader(3);
  await world.redis.unlink(feedKey(evicted.userId));
  const unread = await world.reader(3);
  await feeds().store.read(unread.userId);
  await (feeds().store as unknown as { drop(id: string): Promise<void> }).drop(unread.userId);
  expect(await world.audit()).toMatchObject({ unexplained: 0, examined: { feeds: 3 } });
  await world.redis.zrem(feedKey(full.userId), full.posts.at(-1)!);
  expect((await world.audit()).counts).toMatchObject({ feed_differs: 1 });
});

it.each([
  ['pending', `published_at = NULL`],
  ['given up', `published_at = NULL, dead_lettered_at = now(), last_error = 'INVALID_PAYLOAD: x'`],
  ['started a moment ago', `published_at = now()`],
])('accuses no feed while an event of the post is %s', async (_, state) => {
  const { userId, authorId, posts } = await world.reader(2);
  const { eventId } = await insertEvent(
    world.database.pool,
    'content.post.created',
    { post_id: posts[1]!, user_id: authorId },
    { started: false },
  );
  await world.set(eventId, state);
  await world.redis.zrem(feedKey(userId), posts[1]!);
  await world.audit({ pendingMs: { critical: hour, high: hour, normal: hour, low: hour }, marginMs: hour });
  expect(await world.findings(userId)).toEqual([]);
  // Long ago, and Temporal knows no run of it that is open.
  await world.set(eventId, `published_at = now() - interval '2 hours', dead_lettered_at = NULL, emitted_at = now()`);
  await world.audit({}, 1_000);
  expect(await world.findings(userId)).toEqual(['feed_differs']);
});

it('keeps what it found while Redis is away or under repair, and says why it compared nothing', async () => {
  const { userId, posts } = await world.reader(2);
  await world.redis.zrem(feedKey(userId), posts[0]!);
  await world.audit();
  const away = {
    read: () => Promise.reject(new NovaError('REDIS_UNAVAILABLE', 'gone')),
  };
  const blind = await auditWith(withFeeds({ store: away }));
  expect(blind.notes).toEqual(['feeds were not compared: REDIS_UNAVAILABLE: gone']);
  expect(await world.findings(userId)).toEqual(['feed_differs']);
  const record = { find: async () => ({ epoch: 2, repairedEpoch: 1, identity: 'x', beat: 1 }) };
  const healing = await auditWith(withFeeds({ record }));
  expect(healing.notes).toEqual(['feeds were not compared: Redis lost data and is being compared with the tables']);
  expect(await world.findings(userId)).toEqual(['feed_differs']);
});

it('looks at as many feeds as it is allowed to, whatever the ids look like', async () => {
  for (let i = 0; i < 12; i++) await world.reader(1);
  const sampled = new Set<string>();
  for (let i = 0; i < 40; i++) {
    const readers = await feeds().sample.readers(6);
    expect(readers.length).toBeGreaterThan(0);
    expect(readers.length).toBeLessThanOrEqual(6);
    readers.forEach((id) => sampled.add(id));
  }
  // Ids made at nearly the same time have little between them, so that not each must come: more than one call can bring do.
  expect(sampled.size).toBeGreaterThan(6);
  expect((await auditWith(withFeeds({ sampleSize: 0 }))).examined.feeds).toBe(0);
});
