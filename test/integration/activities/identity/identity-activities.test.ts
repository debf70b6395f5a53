import { type Redis } from 'ioredis';
import { PgEventStore } from '../../../../activities/stores/pg-event-store';
import { PgTombstones } from '../../../../activities/stores/pg-tombstones';
import { PgUserDirectory } from '../../../../activities/notify/pg-user-directory';
import { PgUserProfiles } from '../../../../activities/stores/pg-user-profiles';
import { RedisAuthorCache, authorKey, hiddenUsersKey } from '../../../../activities/feed/redis/redis-author-cache';
import { createIdentityActivities } from '../../../../activities/identity/identity-activities';
import { type EventRef } from '../../../../contracts/event-ref';
import { OutboxPools } from '../../../../runtime/outbox-pools';
import { createRedis } from '../../../../runtime/redis';
import { type TestDatabase, createTestDatabase } from '../../../support/database';
import { insertEvent, newId } from '../../../support/events';
import { silentLogger } from '../../../support/logger';
import { override } from '../../../support/override';
import { connectTestRedis } from '../../../support/redis';

let database: TestDatabase;
let redis: Redis;
beforeAll(async () => {
  database = await createTestDatabase();
  redis = await connectTestRedis(`test-${newId()}:`);
});
afterAll(async () => {
  await redis.quit();
  await database.drop();
});

function apply(event: EventRef, authors: RedisAuthorCache = new RedisAuthorCache(redis)) {
  const { pool } = database;
  const [events, tombstones] = [new PgEventStore(OutboxPools.one(pool)), new PgTombstones(pool)];
  return createIdentityActivities({ events, tombstones, profiles: new PgUserProfiles(pool), authors }).identityApply(
    event,
  );
}
const created = (user_id: string) =>
  insertEvent(database.pool, 'identity.user.created', { user_id, username: 'ada', email: 'ada@people.example' });
const updated = (user_id: string, fields: { display_name?: string; avatar_url?: string; is_verified?: boolean }) =>
  insertEvent(database.pool, 'identity.user.profile_updated', { user_id, username: 'ada', ...fields });
const deleted = (user_id: string, soft_delete = false) =>
  insertEvent(database.pool, 'identity.user.deleted', { user_id, soft_delete });
const cached = async (userId: string): Promise<unknown> => JSON.parse((await redis.get(authorKey(userId))) ?? 'null');
const isHidden = async (userId: string) => (await redis.sismember(hiddenUsersKey, userId)) === 1;
const row = async (userId: string) =>
  (
    await database.pool.query(
      `SELECT username, display_name, avatar_url, email, state FROM user_profiles WHERE user_id = $1`,
      [userId],
    )
  ).rows[0] as unknown;

describe('identity events', () => {
  it('fill the profile and the author cache; the address goes to the profile only', async () => {
    const user = newId();
    await apply(await created(user));
    await apply(await updated(user, { display_name: 'Ada L.', is_verified: true }));
    expect(await cached(user)).toEqual({
      username: 'ada',
      display_name: 'Ada L.',
      avatar_url: null,
      is_verified: true,
    });
    expect(await new PgUserDirectory(database.pool).contactOf(user)).toEqual({
      userId: user,
      email: 'ada@people.example',
      displayName: 'Ada L.',
      active: true,
    });
  });

  it('end the same in whatever order they are applied', async () => {
    const user = newId();
    const events = [
      await created(user),
      await updated(user, { display_name: 'first', avatar_url: 'https://a.example/1' }),
      await updated(user, { display_name: 'second' }),
    ] as const;
    const orders = [
      [0, 1, 2],
      [2, 1, 0],
      [1, 2, 0],
      [2, 0, 1],
      [0, 1, 2, 0, 1, 2],
    ];
    for (const order of orders) {
      await database.pool.query('DELETE FROM user_profiles WHERE user_id = $1', [user]);
      for (const index of order) await apply(events[index] as EventRef);
      expect(await row(user)).toEqual({
        username: 'ada',
        display_name: 'second',
        avatar_url: 'https://a.example/1',
        email: 'ada@people.example',
        state: 'active',
      });
    }
  });

  it('of a hard delete erase names and address, hide the user and leave a tombstone', async () => {
    const user = newId();
    await apply(await created(user));
    const event = await deleted(user);
    expect(await apply(event)).toEqual({ hidden: true, erased: true });
    expect(await row(user)).toEqual({
      username: null,
      display_name: null,
      avatar_url: null,
      email: null,
      state: 'deleted',
    });
    expect([await cached(user), await isHidden(user)]).toEqual([null, true]);
    expect(await new PgTombstones(database.pool).isFinal('user', user)).toBe(true);
  });

  it('of a soft delete hide the user and keep the profile', async () => {
    const user = newId();
    await apply(await created(user));
    expect(await apply(await deleted(user, true))).toEqual({ hidden: true, erased: false });
    expect(await row(user)).toMatchObject({ username: 'ada', state: 'hidden' });
    expect([await cached(user), await isHidden(user)]).toEqual([null, true]);
  });

  it('that come late never revive a deleted user, nor store their address again', async () => {
    const [user, soft] = [newId(), newId()];
    const [create, softCreate] = [await created(user), await created(soft)];
    await apply(await deleted(user));
    await apply(create);
    expect(await row(user)).toMatchObject({ username: null, email: null, state: 'deleted' });
    await apply(await deleted(soft, true));
    await apply(softCreate);
    expect(await row(soft)).toMatchObject({ state: 'hidden' });
    expect([await cached(user), await cached(soft), await isHidden(user), await isHidden(soft)]).toEqual([
      null,
      null,
      true,
      true,
    ]);
  });

  it('lose nothing while Redis is away: the profile is written, the copy is made by the retry', async () => {
    const user = newId();
    const nowhere = createRedis({ url: 'redis://127.0.0.1:1', keyPrefix: '', logger: silentLogger });
    const event = await created(user);
    await expect(apply(event, new RedisAuthorCache(nowhere))).rejects.toMatchObject({
      type: 'REDIS_UNAVAILABLE',
      nonRetryable: false,
    });
    nowhere.disconnect();
    expect(await row(user)).toMatchObject({ username: 'ada' });
    await apply(event);
    expect(await cached(user)).toMatchObject({ username: 'ada' });
  });

  it('side by side leave the newest in the cache: a delete is not undone by an update that wrote last', async () => {
    const user = newId();
    await apply(await created(user));
    const real = new RedisAuthorCache(redis);
    const event = await updated(user, { display_name: 'late' });
    const slow = override(real, {
      // The delete runs completely between this update's read and its write.
      put: async (userId, profile) => {
        if (profile.displayName === 'late' && !(await isHidden(userId))) await apply(await deleted(userId));
        await real.put(userId, profile);
      },
    });
    await apply(event, slow);
    expect([await cached(user), await isHidden(user)]).toEqual([null, true]);
  });
});
