import { insertEvent, newId } from '../../support/events';
import { type FeedWorkers, startFeedWorkers } from '../../support/feed-workers';
import { runOps } from '../../support/ops-command';
import { type TestOutboxes, createTestOutboxes } from '../../support/outboxes';
import { pendingActivities } from '../../support/notify-worker';
import { waitFor } from '../../support/wait-for';

let all: FeedWorkers;
beforeAll(async () => (all = await startFeedWorkers()));
afterAll(() => all.close());

const pool = () => all.feed.database.pool;
const ops = (...args: string[]) =>
  runOps({ DATABASE_URL: all.feed.database.urls.operator, OPS_ACTOR: 'ada' }, 'signal', 'delete', ...args);
const isHeld = (workflowId: string) => async () =>
  (await pendingActivities(all.client, workflowId)).some(({ failure }) => failure === 'DELETE_SIGNALLED');
const stoneOf = async (id: string) =>
  (
    await pool().query<{ final: boolean; held: boolean; reason: string }>(
      'SELECT final, tombstone_holds(held_until) AS held, reason FROM tombstones WHERE subject_id = $1',
      [id],
    )
  ).rows[0];
const actsOf = async (id: string) =>
  (
    await pool().query<{ command: string; actor: string; reason: string; done: number | null; details: object }>(
      'SELECT command, actor, reason, done, details FROM operator_acts WHERE ids @> ARRAY[$1::text] ORDER BY at',
      [id],
    )
  ).rows;
const signalsOf = async (workflowId: string) => {
  const { events } = await all.client.workflow.getHandle(workflowId).fetchHistory();
  return (events ?? []).filter((one) => one.workflowExecutionSignaledEventAttributes != null).length;
};
const yes = ['--yes', '--reason', 'a court order'];

async function followed() {
  const [author, follower, postId] = [newId(), newId(), newId()];
  await all.feed.follow(author, follower);
  const write = () => insertEvent(pool(), 'content.post.created', { post_id: postId, user_id: author });
  return { author, follower, postId, write };
}

describe('nova signal delete', () => {
  it('holds back what a service would, and what waited goes on when the hold ends: nothing is deleted', async () => {
    const { follower, postId, write } = await followed();
    expect(await ops('post', postId, ...yes)).toMatchObject({ code: 0 });
    expect(await stoneOf(postId)).toEqual({ final: false, held: true, reason: 'signalled by ada: a court order' });
    const event = await write();
    const run = await all.start('feedFanoutWorkflow', event);
    await waitFor(isHeld(event.eventId), { what: 'the fan-out held back' });
    expect(await all.feed.feedOf(follower)).toEqual([]);
    await pool().query('UPDATE tombstones SET held_until = now() WHERE subject_id = $1', [postId]);
    expect(await run.result()).toMatchObject({ outcome: 'done', counts: { followers: 1 } });
    expect(await all.feed.feedOf(follower)).toEqual([postId]);
  });

  it('signals the runs that are open, says so before it asks, and leaves an act before and after', async () => {
    const { author, postId, write } = await followed();
    let go = () => {};
    const kafka = new Promise<void>((resolve) => (go = resolve));
    all.kafka = () => kafka;
    const event = await write();
    const run = await all.start('feedFanoutWorkflow', event);
    try {
      const asked = await ops('post', postId);
      expect(asked).toMatchObject({ code: 1, stdout: expect.stringContaining('repeat with --yes') as string });
      expect(asked.stdout).toContain(`  ${event.eventId} content.post.created`);
      expect(await stoneOf(postId)).toBeUndefined();
      expect(await actsOf(postId)).toEqual([]);

      const { code, stdout } = await ops('post', postId.toUpperCase(), ...yes, '--json', '--hold', '10m');
      expect({ code, said: JSON.parse(stdout) as object }).toEqual({
        code: 0,
        said: {
          plan: [expect.objectContaining({ id: postId, outbox: 'main', refused: null }) as object],
          signalled: [{ id: postId, runs: [event.eventId] }],
        },
      });
      const common = { command: 'signal delete', actor: 'ada', reason: 'a court order' };
      expect(await actsOf(postId)).toEqual([
        { ...common, done: null, details: { subject: 'post', holdMs: 600_000 } },
        { ...common, done: 1, details: { subject: 'post', holdMs: 600_000, runs: [event.eventId] } },
      ]);
      // Not at once: Temporal keeps a signal back while a task of the run is under way.
      await waitFor(async () => (await signalsOf(event.eventId)) === 1, { what: 'the signal in the history' });
      await insertEvent(pool(), 'content.post.deleted', { post_id: postId, user_id: author });
    } finally {
      go();
      all.kafka = () => Promise.resolve();
    }
    await run.result();
  });

  it('refuses what is deleted already, and what no signal is for', async () => {
    const { author, postId, write } = await followed();
    await all.run('feedFanoutWorkflow', await write());
    const deleted = await insertEvent(pool(), 'content.post.deleted', { post_id: postId, user_id: author });
    await all.run('retractionWorkflow', deleted);
    expect(await ops('post', postId, ...yes)).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/is not signalled: it was deleted for good at 2\d{3}-/) as string,
    });
    expect(await stoneOf(postId)).toMatchObject({ final: true, held: false });
    const refusals: [args: string[], text: RegExp][] = [
      [['media', newId()], /an upload goes with its post/],
      [['pots', newId()], /did you mean post\?/],
      [['message', newId()], /--conversation <id> goes with a message/],
      [['post', newId(), '--conversation', newId()], /goes with a message/],
      [['post', newId(), '--hold', '2h'], /--hold 2h: from 1s to 60m/],
      [['post', 'nonsense'], /not a UUID: nonsense/],
    ];
    const said = await Promise.all(refusals.map(([args]) => ops(...args, '--yes')));
    refusals.forEach(([, text], i) =>
      expect(said[i]).toMatchObject({ code: 2, stderr: expect.stringMatching(text) as string }),
    );
  });

  it('takes messages with their conversation', async () => {
    const [message, other, conversation] = [newId(), newId(), newId()];
    const { code, stdout } = await ops('message', message, other, '--conversation', conversation, '--yes', '--json');
    expect({ code, said: JSON.parse(stdout) as object }).toMatchObject({
      code: 0,
      said: { plan: [{ id: message, aggregateId: conversation }, { id: other }], signalled: [{ runs: [] }, {}] },
    });
    expect(await stoneOf(message)).toMatchObject({ held: true });
  });

  it('holds for as long as was asked, and says of what is held already until when', async () => {
    const postId = newId();
    expect(await ops('post', postId, ...yes, '--hold', '50m')).toMatchObject({ code: 0 });
    const { rows } = await pool().query<{ minutes: number }>(
      'SELECT extract(epoch FROM held_until - clock_timestamp())::float8 / 60 AS minutes FROM tombstones WHERE subject_id = $1',
      [postId],
    );
    // The usual hold is a tenth of it.
    expect(rows[0]?.minutes).toBeGreaterThan(20);
    expect((await ops('post', postId)).stdout).toMatch(/\n {2}it is held back already, until 2\d{3}-\S+Z\n/);
  });

  it('signals no run that has ended', async () => {
    const { postId, write } = await followed();
    await all.run('feedFanoutWorkflow', await write());
    const { stdout } = await ops('post', postId);
    expect(stdout).toContain('no run of it is open');
  });
});

describe('with several outboxes', () => {
  let outboxes: TestOutboxes;
  beforeAll(async () => (outboxes = await createTestOutboxes('content', 'identity')));
  afterAll(() => outboxes.drop());
  const inSeveral = (...args: string[]) => runOps(outboxes.environment, 'signal', 'delete', ...args, '--yes', '--json');
  const allow = (outbox: string, domain: string) =>
    outboxes.of[outbox]!.pool.query('UPDATE outbox_event_types SET allowed = (domain = $1)', [domain]);
  const signalsIn = async (outbox: string) =>
    (await outboxes.of[outbox]!.pool.query<{ id: string }>('SELECT subject_id AS id FROM outbox_signals')).rows.map(
      ({ id }) => id,
    );

  it('signals where the domain is written, and asks where any of them may', async () => {
    const [unclear, post, user] = [newId(), newId(), newId()];
    const refused = await inSeveral('post', unclear);
    expect(refused.code).toBe(1);
    expect(JSON.parse(refused.stdout)).toMatchObject({
      plan: [{ refused: expect.stringContaining('name one with --outbox') as string }],
      signalled: [],
    });
    // Where its events are, if that says it.
    const [known, author] = [newId(), newId()];
    await insertEvent(outboxes.of['content']!.pool, 'content.post.created', { post_id: known, user_id: author });
    const found = JSON.parse((await inSeveral('post', known)).stdout) as object;
    expect(found).toMatchObject({ plan: [{ outbox: 'content', refused: null }], signalled: [{ id: known }] });
    await outboxes.of['content']!.pool.query('DELETE FROM outbox_signals');
    await allow('content', 'content');
    await allow('identity', 'identity');
    expect(await inSeveral('post', post)).toMatchObject({ code: 0 });
    expect(await inSeveral('user', user)).toMatchObject({ code: 0 });
    expect([await signalsIn('content'), await signalsIn('identity')]).toEqual([[post], [user]]);
    expect((await inSeveral('user', user, '--outbox', 'content')).stdout).toContain(
      'no outbox that replies may delete',
    );
  });

  it('does nothing in an outbox that is another deployment’s', async () => {
    const { pool: content } = outboxes.of['content']!;
    await content.query(
      `INSERT INTO deployment (temporal_namespace, temporal_namespace_id, task_queue_prefix, kafka_topic_prefix, outbox)
       VALUES ('elsewhere', '', 'theirs', 'k', 'content')`,
    );
    const id = newId();
    const refused = await inSeveral('post', id, '--outbox', 'content');
    await content.query('DELETE FROM deployment');
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('WRONG_DEPLOYMENT') as string });
    expect(await signalsIn('content')).not.toContain(id);
  });
});
