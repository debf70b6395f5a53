import { type Redis } from 'ioredis';
import { PgEventStore } from '../../../activities/stores/pg-event-store';
import { PgTombstones } from '../../../activities/stores/pg-tombstones';
import { PgUserProfiles } from '../../../activities/stores/pg-user-profiles';
import { RedisAuthorCache, authorKey, hiddenUsersKey } from '../../../activities/feed/redis/redis-author-cache';
import { OutboxPools } from '../../../runtime/outbox-pools';
import { createRedis } from '../../../runtime/redis';
import { type TestDatabase, createTestDatabase } from '../../support/database';
import { insertEvent, newId } from '../../support/events';
import { silentLogger } from '../../support/logger';
import { notificationsOf, notifyDeps } from '../../support/notify';
import { historyText, pendingActivities, startNotifyWorkers } from '../../support/notify-worker';
import { override } from '../../support/override';
import { connectTestRedis } from '../../support/redis';
import { waitFor } from '../../support/wait-for';

let database: TestDatabase;
let redis: Redis;
let nowhere: Redis;
let authors: RedisAuthorCache;
let nova: Awaited<ReturnType<typeof startNotifyWorkers>>;

beforeAll(async () => {
  database = await createTestDatabase();
  const { pool } = database;
  redis = await connectTestRedis(`test-${newId()}:`);
  nowhere = createRedis({ url: 'redis://127.0.0.1:1', keyPrefix: '', logger: silentLogger });
  nova = await startNotifyWorkers(notifyDeps(pool), {
    events: new PgEventStore(OutboxPools.one(pool)),
    tombstones: new PgTombstones(pool),
    profiles: new PgUserProfiles(pool),
    authors: override(new RedisAuthorCache(redis), {
      put: (...args) => authors.put(...args),
      hide: (...args) => authors.hide(...args),
    }),
  });
});
beforeEach(() => {
  authors = new RedisAuthorCache(redis);
});
afterAll(async () => {
  await nova.stop();
  nowhere.disconnect();
  await redis.quit();
  await database.drop();
});

const created = (user_id: string) =>
  insertEvent(database.pool, 'identity.user.created', { user_id, username: 'ada', email: 'ada@people.example' });
const run = async (event: Awaited<ReturnType<typeof created>>) => nova.start('identityWorkflow', event);

describe('the identity workflow', () => {
  it('refreshes the author cache, and leaves no address in the history', async () => {
    const user = newId();
    const event = await created(user);
    expect(await (await run(event)).result()).toMatchObject({ outcome: 'done' });
    expect(JSON.parse((await redis.get(authorKey(user))) ?? 'null')).toMatchObject({ username: 'ada' });
    expect(nova.emitted).toContain(event.eventId);
    expect(await historyText(nova.client, event.eventId)).not.toContain('people.example');
  });

  it('emits and keeps the profile while Redis is away, and fills the cache when it is back', async () => {
    authors = new RedisAuthorCache(nowhere);
    const user = newId();
    const event = await created(user);
    const handle = await run(event);
    await waitFor(async () =>
      (await pendingActivities(nova.client, event.eventId)).some(({ failure }) => failure === 'REDIS_UNAVAILABLE'),
    );
    await waitFor(() => nova.emitted.includes(event.eventId), { what: 'the emit' });
    expect((await database.pool.query('SELECT 1 FROM user_profiles WHERE user_id = $1', [user])).rowCount).toBe(1);
    authors = new RedisAuthorCache(redis);
    await handle.result();
    expect(await redis.exists(authorKey(user))).toBe(1);
  });

  it('after a hard delete hides the user and clears feeds and inboxes', async () => {
    const [user, bob] = [newId(), newId()];
    const follow = await insertEvent(database.pool, 'follow.added', { follower_id: user, followee_id: bob });
    await (await nova.start('notificationWorkflow', follow)).result();
    const event = await insertEvent(database.pool, 'identity.user.deleted', { user_id: user });
    expect(await (await run(event)).result()).toEqual({
      outcome: 'done',
      counts: { removed: 3, unlinked: 0, retracted: 1 },
    });
    expect(nova.purged).toContain(event.eventId);
    expect(await redis.sismember(hiddenUsersKey, user)).toBe(1);
    expect(await notificationsOf(database.pool, follow.eventId)).toMatchObject([{ retracted: true }]);
  });

  it('after a soft delete only hides the user', async () => {
    const event = await insertEvent(database.pool, 'identity.user.deleted', { user_id: newId(), soft_delete: true });
    expect(await (await run(event)).result()).toMatchObject({ counts: { removed: 0, unlinked: 0, retracted: 0 } });
    expect(nova.purged).not.toContain(event.eventId);
    expect(await redis.sismember(hiddenUsersKey, event.aggregateId)).toBe(1);
  });
});
