import { randomUUID } from 'node:crypto';
import { type Transactions } from '../business';
import { type World } from '../world';
import { type Random } from '../random';
import { orNothing, requireActive, type Scenario } from './scenario';

/** Creates the account of someone new; returns who, if it was committed. */
export async function signUp(business: Transactions, world: World, random: Random): Promise<string | undefined> {
  const userId = world.newcomer();
  if (userId === undefined) return undefined;
  const committed = await business.transaction(random, async (tx) => {
    await requireActive(tx, userId);
    const name = `user-${userId.slice(0, 8)}`;
    await tx.publish({
      type: 'identity.user.created',
      payload: { user_id: userId, username: name, email: `${name}@example.com` },
    });
  });
  return committed ? userId : undefined;
}

const signedUp: Scenario = {
  name: 'sign-up with two follows in one transaction',
  weight: 1,
  events: 3,
  async run({ business, world, follows }, random) {
    const userId = world.newcomer();
    if (userId === undefined) return;
    await business.transaction(random, async (tx) => {
      await requireActive(tx, userId);
      await tx.publish({
        type: 'identity.user.created',
        payload: { user_id: userId, username: `user-${userId.slice(0, 8)}` },
      });
      for (const followeeId of new Set([world.celebrity(random), world.otherUser(random, userId)])) {
        if (!(await follows.begin(tx, { followerId: userId, followeeId }))) continue;
        await tx.publish({ type: 'follow.added', payload: { follower_id: userId, followee_id: followeeId } });
      }
    });
  },
};

const profileUpdated: Scenario = {
  name: 'profile changed',
  weight: 3,
  events: 1,
  async run({ business, world }, random) {
    const userId = world.user(random);
    await business.transaction(random, async (tx) => {
      await requireActive(tx, userId);
      const payload = { user_id: userId, username: `user-${userId.slice(0, 8)}`, is_verified: random.chance(0.1) };
      // Half of them come from a nightly job that is in no hurry.
      const hurry = random.chance(0.5) ? { priority: 'low' as const } : {};
      await tx.publish({ type: 'identity.user.profile_updated', payload, ...hurry });
    });
  },
};

const left: Scenario = {
  name: 'user left',
  weight: 0.6,
  events: 1,
  async run({ business, world, follows }, random) {
    const userId = world.leaver(random);
    if (userId === undefined) return;
    const soft = random.chance(0.3);
    await business.transaction(random, async (tx) => {
      const { rowCount } = await tx.query(
        `UPDATE business.people SET state = $2 WHERE user_id = $1 AND state = 'active'`,
        [userId, soft ? 'hidden' : 'deleted'],
      );
      orNothing(rowCount === 0 ? undefined : userId);
      // Those who are gone follow no one; their followers are kept, to find the feeds that must be cleared.
      if (!soft) await follows.endAllOf(tx, userId);
      await tx.publish({ type: 'identity.user.deleted', payload: { user_id: userId, soft_delete: soft } });
    });
  },
};

const securityAlert: Scenario = {
  name: 'security alert',
  weight: 3,
  events: 1,
  async run({ business, world }, random) {
    const userId = random.chance(0.7) ? random.pick(world.reachable) : world.user(random);
    if (userId === undefined) return;
    await business.transaction(random, async (tx) => {
      await requireActive(tx, userId);
      const payload = { alert_id: randomUUID(), user_id: userId, kind: 'new_login' as const };
      await tx.publish({ type: 'security.alert.raised', payload });
    });
  },
};

const wentLive: Scenario = {
  name: 'live stream started',
  weight: 1,
  events: 1,
  async run({ business, world }, random) {
    const userId = world.streamer(random);
    await business.transaction(random, async (tx) => {
      await requireActive(tx, userId);
      const payload = { stream_id: randomUUID(), user_id: userId, title: 'live now' };
      await tx.publish({ type: 'live.stream.started', payload });
    });
  },
};

export const peopleScenarios = [signedUp, profileUpdated, left, securityAlert, wentLive];
