import { beginFanOut } from '../../../activities/feed/fan-out';
import { beginRetraction } from '../../../activities/feed/retract';
import { type DeliveryChannel, type SendOutcome } from '../../../activities/notify/channel';
import { createNotifyActivities } from '../../../activities/notify/notify-activities';
import { type EventRef } from '../../../contracts/event-ref';
import { type Connections } from '../../../ops/connections';
import { type Check, type Why } from '../../../ops/why/why';
import { whyId } from '../../../ops/why/why-id';
import { whyEventFor } from '../../../ops/why/why-notified';
import { whyPost } from '../../../ops/why/why-post';
import { OutboxPools } from '../../../runtime/outbox-pools';
import { createRedis } from '../../../runtime/redis';
import { inActivity } from '../../support/activity-context';
import { insertEvent, newId } from '../../support/events';
import { type FeedHarness } from '../../support/feed-harness';
import { silentLogger } from '../../support/logger';
import { insertUser, notifyDeps } from '../../support/notify';
import { waitFor } from '../../support/wait-for';
import { type WhyWorld, createWhyWorld, feedCap } from '../../support/why-world';

let world: WhyWorld;
let feed: FeedHarness;
let connections: Connections;
beforeAll(async () => {
  world = await createWhyWorld();
  ({ feed, connections } = world);
});
afterAll(() => world.close());

/** Asks, and then looks with the client's own reader, with which the reply must agree. */
async function asked(user: string, postId: string): Promise<Why> {
  const { why } = await whyPost(connections, user, postId);
  expect(why.yes).toBe(await world.sees(user, postId));
  return why;
}

/** The checks that say no, in their order. */
const noes = ({ checks }: Why): string[] => checks.flatMap(({ check, ok }) => (ok === false ? [check] : []));
const check = ({ checks }: Why, name: string): Check | undefined => checks.find((one) => one.check === name);

describe('whether a person sees a post', () => {
  it('yes: from the row to its place in the feed', async () => {
    const { user, postId, post } = await world.followed();
    const why = await asked(user, postId);
    expect(why).toMatchObject({ yes: true, verdict: `${user} sees the post ${postId} in the feed` });
    expect(noes(why)).toEqual([]);
    expect(why.checks.map((one) => one.check)).toEqual([
      'written',
      'started',
      'run',
      'post',
      'author',
      'follow',
      'delivery',
      'feed',
    ]);
    expect(check(why, 'written')?.says).toContain(post.eventId);
    expect(check(why, 'feed')?.says).toBe('it is in their feed in Redis, place 1 of 1');
  });

  it('no: the person does not follow the author, never did or not any more', async () => {
    const { user, author, postId } = await world.followed();
    const never = await asked(newId(), postId);
    expect(noes(never)).toEqual(['follow']);
    expect(check(never, 'follow')?.says).toMatch(/and no such follow is on record$/);
    await feed.unfollow(author, user);
    await world.deps.feeds.remove([postId], [user]);
    const ended = await asked(user, postId);
    expect(noes(ended)).toEqual(['follow']);
    expect(check(ended, 'follow')).toMatchObject({
      says: expect.stringMatching(/does not follow the author \S+ any more: ended 20/) as string,
      cure: expect.stringContaining(`follow.added with follower_id ${user} and followee_id ${author}`) as string,
    });
  });

  it('no: the follow waits in the outbox', async () => {
    const { author, postId } = await world.followed();
    const user = newId();
    const follow = await insertEvent(
      feed.database.pool,
      'follow.added',
      { follower_id: user, followee_id: author },
      { started: false },
    );
    const why = await asked(user, postId);
    expect(why.checks).toContainEqual({
      ...{ check: 'follow', ok: null, cure: `npx nova why ${follow.eventId}` },
      says: `follow.added of ${user} has not taken effect: ${follow.eventId} is pending`,
    });
  });

  it.each(['archived', 'deleted'] as const)('no: the post is %s', async (status) => {
    const { user, author, post, postId } = await world.followed();
    const change = await feed.status(post, author, status);
    await beginRetraction(world.deps, change);
    const why = await asked(user, postId);
    expect(noes(why)).toEqual(['post', 'tombstone']);
    expect(check(why, 'post')?.says).toMatch(new RegExp(`^it is ${status} since 20`));
    expect(check(why, 'tombstone')?.cure === null).toBe(status === 'deleted');
  });

  it('no: it is a draft, or its author is hidden', async () => {
    const { user, author, postId } = await world.followed();
    const draft = await feed.post(author, { status: 'draft' });
    await beginFanOut(world.deps, draft);
    expect(noes(await asked(user, draft.aggregateId))).toEqual(['post']);
    await feed.database.pool.query(`INSERT INTO user_profiles (user_id, state, sequence) VALUES ($1, 'hidden', 1)`, [
      author,
    ]);
    expect(noes(await asked(user, postId))).toEqual(['author']);
  });

  it('yes: beyond what Redis keeps of the feed, from PostgreSQL', async () => {
    const { user, author, postId } = await world.followed();
    for (let n = 0; n < feedCap + 3; n++) await beginFanOut(world.deps, await feed.post(author));
    const why = await asked(user, postId);
    expect(why.yes).toBe(true);
    expect(check(why, 'feed')?.says).toMatch(/^it is older than what Redis keeps of their feed/);
  });

  it('yes: Redis lost the feed; the look itself writes nothing', async () => {
    const { user, postId } = await world.followed();
    await feed.redis.unlink(`feed:${user}`);
    await feed.database.pool.query(
      `INSERT INTO feed_stores VALUES ($1, 2, 'x', 1, now(), now(), now(), 'restarted', 1, now(), 'noeviction')`,
      [feed.redis.options.keyPrefix],
    );
    const { why } = await whyPost(connections, user, postId);
    expect(check(why, 'redis')?.says).toBe('Redis may have lost data (restarted), and is compared with the tables now');
    expect(await feed.redis.exists(`feed:${user}`)).toBe(0);
    expect(why.yes).toBe(true);
    expect(check(why, 'feed')?.says).toMatch(/not in Redis, or is older than its last loss/);
    expect(await world.sees(user, postId)).toBe(true);
  });

  it('no: a feed that Redis says is whole lacks it, and a command puts it there', async () => {
    const { user, postId } = await world.followed();
    const other = await feed.post(newId());
    await feed.redis.zadd(`feed:${user}`, 1, other.aggregateId);
    await feed.redis.zrem(`feed:${user}`, postId);
    const why = await asked(user, postId);
    expect(noes(why)).toEqual(['run', 'feed']);
    expect(check(why, 'feed')?.cure).toBe(`npx nova rebuild-feeds ${user}`);
  });

  it('yes: readers merge the posts of an author with many followers', async () => {
    const [user, author] = [newId(), newId()];
    await feed.follow(author, user, newId(), newId());
    const post = await feed.post(author);
    await beginFanOut(world.deps, post);
    const why = await asked(user, post.aggregateId);
    expect(why.yes).toBe(true);
    expect(check(why, 'delivery')?.says).toMatch(/^its author had 3 followers, more than FEED_PULL_THRESHOLD \(2\)/);
  });

  it('no: its event is pending or a dead letter, which is said with the command', async () => {
    const { pool } = feed.database;
    const [user, author] = [newId(), newId()];
    await feed.follow(author, user);
    const write = () =>
      insertEvent(pool, 'content.post.created', { post_id: newId(), user_id: author }, { started: false });
    const [pending, dead] = [await write(), await write()];
    const set = (columns: string, { eventId }: EventRef) =>
      pool.query(`UPDATE outbox_events SET ${columns} WHERE id = $1`, [eventId]);
    const started = async ({ aggregateId }: EventRef) => check(await asked(user, aggregateId), 'started');
    expect(await started(pending)).toMatchObject({
      ok: false,
      says: expect.stringMatching(/no bridge serves/) as string,
    });
    await pool.query(
      `INSERT INTO bridge_instances (instance_id, state, paused_types) VALUES ('b', 'polling', '{"content.post.created": "NO_POLLER: no worker polls nova-feed"}')`,
    );
    expect(await started(pending)).toMatchObject({
      says: 'it is pending: its type is paused: NO_POLLER: no worker polls nova-feed',
      cure: expect.stringContaining('Start the workers of that queue') as string,
    });
    await set(`dead_lettered_at = now(), last_error = 'INVALID_PAYLOAD: caption: Required'`, dead);
    expect(await started(dead)).toMatchObject({
      says: expect.stringMatching(/^it is a dead letter since 20\S+: INVALID_PAYLOAD: caption: Required$/) as string,
      cure: expect.stringContaining(`npx nova dead-letters amend ${dead.eventId} --requeue`) as string,
    });
  });

  it('no: its run waits, and names what for', async () => {
    const [user, author] = [newId(), newId()];
    await feed.follow(author, user);
    // A cap and a first post, so that the feed is whole before this one.
    await beginFanOut(world.deps, await feed.post(author));
    await world.sees(user, newId());
    const post = await feed.post(author);
    await world.deps.posts.apply({
      ...{ postId: post.aggregateId, authorId: author, status: 'published', delivery: 'push' },
      ...{ scoreMs: post.createdAtMs, sequence: post.sequence, summary: {} },
    });
    world.workers.moods.set('feedFanoutPages', 'away');
    const run = await world.workers.start('feedFanoutWorkflow', post);
    await waitFor(async () => noes((await whyPost(connections, user, post.aggregateId)).why).includes('run'));
    const why = await asked(user, post.aggregateId);
    expect(noes(why)).toEqual(['run', 'feed']);
    expect(check(why, 'run')?.says).toMatch(/^its run waits for feedFanoutPages, attempt \d+.*: gone$/);
    world.workers.moods.clear();
    await run.terminate();
  });

  it('not known, while Redis does not reply', async () => {
    const { user, postId } = await world.followed();
    const redis = createRedis({ url: 'redis://127.0.0.1:1', keyPrefix: '', logger: silentLogger });
    const { why } = await whyPost({ ...connections, redis }, user, postId);
    expect(why.yes).toBeNull();
    expect(check(why, 'feed')?.says).toMatch(/^Redis did not reply, so no feed can be read: .*ECONNREFUSED/);
    redis.disconnect();
  });

  it('no: no outbox has such a post', async () => {
    const why = await asked(newId(), newId());
    expect(noes(why)).toEqual(['written']);
  });
});

describe('whether a person was notified', () => {
  const email = (outcome: SendOutcome): DeliveryChannel => ({
    name: 'email',
    destinations: (contact) => (contact.email === undefined ? [] : [contact.email]),
    compose: () => ({ subject: '', text: '' }),
    send: () => Promise.resolve(outcome),
  });

  /** A message that mentions the person; what the workers then do, with a mail server that does this. */
  async function mention(user: string, outcome: SendOutcome = { kind: 'accepted' }) {
    const { pool } = feed.database;
    const sender = await insertUser(pool);
    const event = await insertEvent(pool, 'message.persisted', {
      ...{ message_id: newId(), conversation_id: newId(), sender_id: sender },
      ...{ content: 'the secret content', mentioned_user_ids: [user] },
    });
    const activities = createNotifyActivities(notifyDeps(pool, { email: email(outcome) }));
    await inActivity(() => activities.notifyInApp(event, null));
    await inActivity(() => activities.notifyDeliver(event, 'email')).catch(() => undefined);
    return { event, sender };
  }
  const askedFor = async (user: string, eventId: string, of = connections) =>
    (await whyEventFor(of, user, eventId)).why;
  const person = (over: Parameters<typeof insertUser>[1] = {}) => insertUser(feed.database.pool, over);

  it('yes: in the inbox and by e-mail', async () => {
    const user = await person();
    const { event } = await mention(user);
    const why = await askedFor(user, event.eventId);
    expect(why).toMatchObject({
      yes: true,
      verdict: `${user} was notified of ${event.eventId}: in the inbox, by email`,
    });
    expect(check(why, 'email')).toMatchObject({ ok: true });
    expect(JSON.stringify(why)).not.toContain('secret');
  });

  it.each([
    [
      'SMTP_550',
      { kind: 'refused', reason: 'SMTP_550' },
      /^email was refused for good: SMTP_550$/,
      'npx nova deliveries resend',
    ],
    ['LOST', { kind: 'unknown', reason: 'LOST' }, /may have arrived or not/, 'npx nova deliveries settle'],
    [
      'AWAY',
      { kind: 'not_sent', reason: 'AWAY', scope: 'channel' },
      /^email waits, after 1 try: AWAY$/,
      'Look at the provider',
    ],
  ] as const)('in the inbox only: the mail server says %s', async (_, outcome, says, cure) => {
    const user = await person();
    const { event } = await mention(user, outcome);
    const why = await askedFor(user, event.eventId);
    expect(why.verdict).toMatch(/: in the inbox$/);
    expect(check(why, 'email')?.says).toMatch(says);
    expect(check(why, 'email')?.cure).toContain(cure);
  });

  it('in the inbox only: there is no address, or the person switched e-mail off', async () => {
    const [without, off] = [await person({ email: null }), await person()];
    await feed.database.pool.query(
      `INSERT INTO notification_preferences VALUES ($1, 'message.mention', 'email', false)`,
      [off],
    );
    const first = await askedFor(without, (await mention(without)).event.eventId);
    expect(check(first, 'email')?.says).toBe('email was not sent: the person has no address there (NO_ADDRESS)');
    const second = await askedFor(off, (await mention(off)).event.eventId);
    expect(check(second, 'email')?.says).toBe('email was not sent: the person has switched it off (SWITCHED_OFF)');
    expect(second.checks).toContainEqual(
      expect.objectContaining({
        check: 'preference',
        ok: null,
        says: 'message.mention on email is off, by the person',
      }),
    );
  });

  it('no: switched off in the inbox too, taken back, or hidden', async () => {
    const { pool } = feed.database;
    const [off, gone, hidden] = [await person(), await person(), await person()];
    for (const channel of ['in_app', 'email'])
      await pool.query(`INSERT INTO notification_preferences VALUES ($1, 'message.mention', $2, false)`, [
        off,
        channel,
      ]);
    const inbox = async (user: string, { event }: { event: EventRef }) => {
      const why = await askedFor(user, event.eventId);
      expect(why.yes).toBe(user === off ? false : check(why, 'email')?.ok);
      return check(why, 'inbox')?.says;
    };
    expect(await inbox(off, await mention(off))).toBe('the inbox does not list it: the person had switched that off');
    const back = await mention(gone);
    await pool.query('UPDATE notifications SET retracted_at = now() WHERE recipient_id = $1', [gone]);
    expect(await inbox(gone, back)).toMatch(/^the notice of 20\S+ was taken back 20/);
    const from = await mention(hidden);
    await pool.query(`UPDATE user_profiles SET state = 'hidden' WHERE user_id = $1`, [from.sender]);
    expect(await inbox(hidden, from)).toMatch(/^the inbox does not list it now/);
  });

  it('no: the event is not for them, as a login that reads payloads can see', async () => {
    const { pool } = feed.database;
    const { event, sender } = await mention(await person());
    const owner = { ...connections, pool, outboxes: OutboxPools.one(pool) };
    const says = async (user: string, of = owner) => check(await askedFor(user, event.eventId, of), 'audience')?.says;
    expect(await says(await person())).toMatch(/^it names \S+ nowhere/);
    expect(await says(sender)).toMatch(/caused it, and no one is notified of what they did$/);
    expect(await says(newId(), connections)).toMatch(
      /^whom it notifies is in its payload, which this login may not read/,
    );
  });

  it('no: it has not started, or was never written', async () => {
    const user = await person();
    const event = await insertEvent(
      feed.database.pool,
      'message.persisted',
      {
        ...{ message_id: newId(), conversation_id: newId(), sender_id: newId(), content: '' },
        mentioned_user_ids: [user],
      },
      { started: false },
    );
    const why = await askedFor(user, event.eventId);
    expect(why.yes).toBe(false);
    expect(noes(why)).toEqual(['started']);
    expect(noes(await askedFor(user, newId()))).toEqual(['written']);
  });
});

describe('an id', () => {
  const story = async (id: string) => (await whyId(connections, id)).why;

  it('is named as what it is: an event, a post, a person, a conversation, or nothing', async () => {
    const { user, author, post, postId } = await world.followed();
    expect((await story(post.eventId)).verdict).toBe(
      `${post.eventId} is an event: content.post.created of the post ${postId}`,
    );
    const ofPost = await story(postId);
    expect(ofPost.verdict).toBe(`${postId} is a post of ${author}, the post of some events`);
    expect(ofPost.checks).toContainEqual(expect.objectContaining({ check: 'event', ok: true }));
    expect((await story(user)).verdict).toBe(`${user} is a person`);
    const message = { message_id: newId(), conversation_id: newId(), sender_id: newId(), content: '' };
    await insertEvent(feed.database.pool, 'message.persisted', message);
    expect((await story(message.conversation_id)).verdict).toContain('is the conversation of some events');
    expect((await story(newId())).verdict).toMatch(/ is unknown: neither an outbox nor State knows it/);
    await expect(story('nonsense')).rejects.toThrow(/neither a UUID nor the name of a delivery/);
  });
});

it('is a command: sentences with their cure for people, one object for programs, exit code 1 for no', async () => {
  const { user, postId } = await world.followed();
  const ops = (...args: string[]) => world.ops('why', ...args);
  const yes = await ops('--user', user, '--post', postId, '--json');
  expect(yes).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(yes.stdout)).toMatchObject({ yes: true });
  const no = await ops('--user', newId(), '--post', postId);
  expect(no.code).toBe(1);
  expect(no.stdout).toMatch(/^no: \S+ does not see the post/);
  expect(no.stdout).toMatch(/\n✘ +follow .*\n +→ follow\.added with follower_id/);
  expect(await ops(postId, '--user', user)).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/why what\?/) as string,
  });
});
