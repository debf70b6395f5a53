import { type Client } from '@temporalio/client';
import { environmentOf } from '../../../dev/stack/addresses';
import { type Connections, opsSettings, withConnections } from '../../../ops/connections';
import { deadLettersOf } from '../../../ops/dead-letters/dead-letters';
import { eventStory } from '../../../ops/show/event-story';
import { foundEvents } from '../../../ops/replay/found-events';
import { planReplays, startReplays } from '../../../ops/replay/replay';
import { requeueAnywhere } from '../../../ops/dead-letters/requeue-anywhere';
import { statusSettings } from '../../../ops/status/servers';
import { systemStatus } from '../../../ops/status/status';
import { statusText } from '../../../ops/status/status-print';
import { configFrom } from '../../../runtime/config';
import { backdateOutbox, dayName, insertOld, partitionNames } from '../../support/partitions';
import { insertEvent, newId } from '../../support/events';
import { runOps } from '../../support/ops-command';
import { type TestOutboxes, createTestOutboxes } from '../../support/outboxes';
import { servers } from '../../support/servers';
import { createTestClient, testQueuePrefix } from '../../support/temporal';

let outboxes: TestOutboxes;
let client: Client;
beforeAll(async () => {
  [outboxes, client] = await Promise.all([createTestOutboxes('content', 'identity'), createTestClient()]);
});
afterAll(async () => {
  await client.connection.close();
  await outboxes.drop();
});
afterEach(async () => {
  for (const { pool } of Object.values(outboxes.of)) await pool.query('DELETE FROM outbox_events');
  await outboxes.state.pool.query('DELETE FROM audit_findings');
});

const prefix = testQueuePrefix();
const edited = { message_id: newId(), conversation_id: newId(), editor_id: newId(), content: 'x' };
const event = async (outbox: string, { started = false, id = newId(), aggregateId = newId() } = {}) => {
  const { pool } = outboxes.of[outbox]!;
  const { eventId } = await insertEvent(pool, 'message.edited', edited, { started, aggregateId });
  await pool.query('UPDATE outbox_events SET id = $2 WHERE id = $1', [eventId, id]);
  return id;
};
const die = (outbox: string, id: string) =>
  outboxes.of[outbox]!.pool.query(
    `UPDATE outbox_events SET dead_lettered_at = clock_timestamp(), last_error = 'INVALID_PAYLOAD: z' WHERE id = $1`,
    [id],
  );
const letter = async (outbox: string, id = newId()) => {
  await event(outbox, { id });
  await die(outbox, id);
  return id;
};
const finding = (kind: string, outbox: string | null, id = newId()) =>
  outboxes.state.pool.query(
    `INSERT INTO audit_findings (event_id, kind, detail, outbox, first_seen, last_seen) VALUES ($1, $2, 'z', $3, now(), now())`,
    [id, kind, outbox],
  );
const isDead = async (outbox: string, id: string) => {
  const { rows } = await outboxes.of[outbox]!.pool.query<{ dead: boolean }>(
    'SELECT dead_lettered_at IS NOT NULL AS dead FROM outbox_events WHERE id = $1',
    [id],
  );
  return rows[0]?.dead;
};

const environment = (gone?: string) => ({
  ...environmentOf(servers()),
  ...(gone === undefined ? outboxes.environment : outboxes.environmentWithout(gone)),
  TASK_QUEUE_PREFIX: prefix,
});
const inOps = <T>(work: (connections: Connections) => Promise<T>, gone?: string, outbox?: string) =>
  withConnections(configFrom(opsSettings, environment(gone)), work, outbox);

describe('dead letters of several outboxes', () => {
  it('are listed together, each with its outbox, and those of one that is away are missed by name', async () => {
    const [ofContent, ofIdentity] = [await letter('content'), await letter('identity')];
    const all = await inOps((of) => deadLettersOf(of.outboxes, { limit: 10 }));
    expect(all.letters.map(({ id, outbox }) => [id, outbox])).toEqual([
      [ofIdentity, 'identity'],
      [ofContent, 'content'],
    ]);
    const some = await inOps((of) => deadLettersOf(of.outboxes, { limit: 10 }), 'identity');
    expect(some.letters.map(({ id }) => id)).toEqual([ofContent]);
    expect(some.away).toEqual([{ outbox: 'identity', why: expect.stringContaining('ECONNREFUSED') as string }]);
  });

  it('are requeued where they are, and one whose id is in two outboxes only in the one that is named', async () => {
    const requeue = (ids: string[], outbox?: string) =>
      inOps((of) => requeueAnywhere(of, ids, { neverRan: false }), undefined, outbox);
    const [ofContent, ofIdentity, twice] = [await letter('content'), await letter('identity'), await letter('content')];
    await letter('identity', twice);
    const missing = newId();
    const { done } = await requeue([ofContent, ofIdentity, twice, missing]);
    expect(done).toEqual({
      requeued: [ofContent, ofIdentity],
      vouchedFor: [],
      refused: [{ id: twice, why: expect.stringMatching(/outboxes content and identity.*--outbox/) as string }],
      notDeadLettered: [missing],
      outbox: { [ofContent]: 'content', [ofIdentity]: 'identity' },
    });
    expect([await isDead('content', twice), await isDead('identity', twice)]).toEqual([true, true]);
    expect((await requeue([twice], 'identity')).done.requeued).toEqual([twice]);
    expect([await isDead('content', twice), await isDead('identity', twice)]).toEqual([true, false]);
  });
});

describe('the story of an event', () => {
  const storyOf = (id: string) => inOps((of) => eventStory(of, id));

  it('has the rows of an id that two outboxes have, first the one that the run was started for', async () => {
    const id = await event('content', { started: true });
    await event('identity', { id });
    const run = await client.workflow.start('emitWorkflow', {
      ...{ workflowId: id, taskQueue: prefix, args: [{}] },
      memo: { eventId: id, sequence: 1, outbox: 'identity' },
    });
    const { story } = await storyOf(id);
    expect([story!.row, ...story!.otherRows].map(({ outbox }) => outbox)).toEqual(['identity', 'content']);
    await run.terminate();
  });

  it('is printed with the explanation of the second row, and is incomplete while an outbox is away', async () => {
    const id = await event('content', { started: true });
    await event('identity', { id });
    await finding('two_runs', 'identity', id);
    const shown = await runOps(environment(), 'show', id);
    expect(shown.stdout).toMatch(/^AUDIT +two_runs of identity since .*: z$/m);
    expect(shown.stdout).toContain('another row of this id, in the outbox identity: a duplicate of the one in content');
    const some = await runOps(environment('identity'), 'show', id, '--json');
    expect(JSON.parse(some.stdout)).toMatchObject({ row: { id, outbox: 'content' }, otherRows: [] });
    expect(some.code).toBe(2);
    expect(some.stderr).toMatch(/outbox identity at 127\.0\.0\.1:1\/gone \(OUTBOXES\) could not be asked: .*REFUSED/);
    expect(some.stderr).not.toContain('secret');
  });
});

describe('a replay', () => {
  it('is started for the outbox that has the row, and refused for an id of two', async () => {
    const [id, twice] = [await event('identity', { started: true }), await event('content', { started: true })];
    await event('identity', { id: twice, started: true });
    const { plans } = await inOps((of) => planReplays(of, [id, twice], { again: false }));
    expect(plans).toMatchObject([
      { id, outbox: 'identity', refused: null, request: { ref: { eventId: id, outbox: 'identity' } } },
      { id: twice, outbox: null, refused: expect.stringContaining('--outbox') as string },
    ]);
    await inOps((of) => startReplays(of, plans, { reason: null, by: 'ada' }));
    const run = client.workflow.getHandle(`${id}/replay-1`);
    expect((await run.describe()).memo).toMatchObject({ eventId: id, outbox: 'identity', replay: 1 });
    await run.terminate();
  });

  it('of what the audit has found takes the events of every outbox, of the type that is asked for', async () => {
    const ids = [await event('content'), await event('content'), await event('identity')];
    const other = await event('identity');
    await outboxes.of['identity']!.pool.query(`UPDATE outbox_events SET event_type = 'reaction.added' WHERE id = $1`, [
      other,
    ]);
    await outboxes.state.pool.query(
      `INSERT INTO audit_findings (event_id, kind, detail, first_seen, last_seen)
       SELECT id, 'failed_run', '', now(), now() FROM unnest($1::text[]) AS f (id)`,
      [[...ids, other, newId()].reverse()],
    );
    const found = (limit: number) => inOps((of) => foundEvents(of, { type: 'message.edited', sinceMs: null, limit }));
    expect(await found(10)).toEqual({ ids, away: [] });
    expect((await found(2)).ids).toEqual(ids.slice(0, 2));
  });
});

describe('status', () => {
  const statusOf = (gone?: string) => {
    const config = configFrom(statusSettings, environment(gone));
    return withConnections(config, (connections) => systemStatus(connections, config));
  };

  it('says of each outbox what waits there, and which has no bridge', async () => {
    await Promise.all([event('content'), event('content'), letter('identity')]);
    const says = (outbox: string, state: string) =>
      outboxes.of[outbox]!.pool.query(`INSERT INTO bridge_instances (instance_id, state) VALUES ('b', $1)`, [state]);
    await Promise.all([says('content', 'polling'), says('identity', 'outage')]);
    await finding('stuck', 'content');
    await finding('stuck', 'identity');
    await finding('feed_differs', null);
    const status = await statusOf();
    expect(status.pending).toMatchObject([{ outbox: 'content', priority: 'high', rows: 2 }]);
    expect(status.bridges).toMatchObject([
      { outbox: 'content', instance: 'b', state: 'polling' },
      { outbox: 'identity', instance: 'b', state: 'outage' },
    ]);
    expect(status).toMatchObject({
      deadLettered: 1,
      outboxes: [
        { outbox: 'content', deadLettered: 0 },
        { outbox: 'identity', deadLettered: 1 },
      ],
    });
    expect(status.lookAt).toContain('no bridge that works for identity');
    expect(status).toMatchObject({
      kinds: { feed_differs: 1, stuck: 2 },
      findings: [
        { kind: 'feed_differs', outbox: null, count: 1 },
        { kind: 'stuck', outbox: 'content', count: 1 },
        { kind: 'stuck', outbox: 'identity', count: 1 },
      ],
    });
    expect(statusText(status, false)).toMatch(/findings of the audit: 1 feed_differs, 2 stuck \(npx nova audit\)$/m);
    const text = statusText(status, true);
    expect(text).toContain(
      'the audit: 1 feed_differs (1 of no known outbox), 2 stuck (1 of content, 1 of identity) (npx nova audit)',
    );
    expect(text).toMatch(/^outbox identity: .* \(OUTBOXES\) replies$/m);
    expect(text).toMatch(/^OUTBOX +PRIORITY .*\ncontent +high +2 /m);
    expect(text).toMatch(/^OUTBOX +DEAD LETTERS .*\ncontent +0 .*\nidentity +1 /m);
  });

  it('names an outbox that does not reply, and says what the others and State have', async () => {
    await event('content');
    const status = await statusOf('identity');
    expect(status).toMatchObject({ databaseFailed: null, pending: [{ outbox: 'content' }] });
    expect(status.kinds).toEqual({});
    expect(status.lookAt).toContain('no reply from outbox identity');
    expect(statusText(status, true)).toMatch(
      /^outbox identity: .* not reachable: .*; its rows and bridges were not looked at$/m,
    );
  });
});

describe('release-hold', () => {
  const setRule = (rule: 'hold' | 'continue') =>
    Promise.all(
      Object.values(outboxes.of).map(({ pool }) =>
        pool.query(`UPDATE outbox_event_types SET after_dead_letter = $1 WHERE event_type = 'message.edited'`, [rule]),
      ),
    );
  beforeAll(() => setRule('hold'));
  afterAll(() => setRule('continue'));
  /** A dead letter, and a row behind it. */
  const held = async (outbox: string, id = newId()) => {
    const aggregateId = newId();
    await event(outbox, { id, aggregateId });
    await event(outbox, { aggregateId });
    await die(outbox, id);
    return { id, aggregateId };
  };
  const isHeld = async (outbox: string, aggregateId: string) => {
    const { rows } = await outboxes.of[outbox]!.pool.query<{ held: boolean }>(
      `SELECT wake_at = 'infinity' AS held FROM outbox_heads WHERE aggregate_id = $1`,
      [aggregateId],
    );
    return rows[0]?.held === true;
  };
  const release = async (...args: string[]) => {
    const { code, stdout } = await runOps(environment(), 'release-hold', '--yes', '--json', ...args);
    return { code, ...(JSON.parse(stdout) as { plan: { outbox: string } | null; refused: string | null }) };
  };

  it('finds the outbox that has the dead letter; of an id that two have, it releases the one that is named', async () => {
    const [here, there] = [await held('content'), await held('identity')];
    const twin = await held('content', there.id);
    const stillHeld = async () => [
      await isHeld('content', here.aggregateId),
      await isHeld('content', twin.aggregateId),
      await isHeld('identity', there.aggregateId),
    ];
    expect(await release(here.id)).toMatchObject({ code: 0, plan: { outbox: 'content' } });
    expect(await stillHeld()).toEqual([false, true, true]);
    expect(await release(there.id)).toMatchObject({
      ...{ code: 1, plan: null },
      refused: expect.stringMatching(/outboxes content and identity.*--outbox/) as string,
    });
    expect(await release(there.id, '--outbox', 'identity')).toMatchObject({ code: 0, plan: { outbox: 'identity' } });
    expect(await stillHeld()).toEqual([false, true, false]);
  });
});

describe('give-up', () => {
  const misspelt = async (outbox: string, id = newId()) => {
    await event(outbox, { id });
    await outboxes.of[outbox]!.pool.query(`UPDATE outbox_events SET event_type = 'message.editted' WHERE id = $1`, [
      id,
    ]);
    return id;
  };
  const giveUp = async (...args: string[]) => {
    const { code, stdout } = await runOps(environment(), 'give-up', '--yes', '--json', ...args);
    return { code, ...(JSON.parse(stdout) as { plan: { more: boolean; refused: object[] }; givenUp: string[] }) };
  };

  it('counts the rows of a misspelt type by outbox, and takes those of all, of one, or as many as the limit says', async () => {
    const [here, there] = [[await misspelt('content'), await misspelt('content')], [await misspelt('identity')]];
    const type = ['--type', 'message.editted'];
    const asked = await runOps(environment(), 'give-up', ...type);
    expect(asked.stdout).toContain('2 pending rows of the unknown type "message.editted" in the outbox content\n');
    expect(asked.stdout).toContain('1 pending rows of the unknown type "message.editted" in the outbox identity\n');
    expect(await giveUp(...type, '--outbox', 'identity')).toMatchObject({ code: 0, givenUp: there });
    const isLeft = async () => [await isDead('content', here[0]!), await isDead('content', here[1]!)];
    expect(await isLeft()).toEqual([false, false]);
    const more = [await misspelt('identity'), await misspelt('identity')];
    const some = await giveUp(...type, '--limit', '3');
    expect(some).toMatchObject({ code: 0, plan: { more: true } });
    expect(some.givenUp).toEqual([...here, expect.stringMatching(more.join('|'))]);
    expect(await isLeft()).toEqual([true, true]);
  });

  it('refuses an id that two outboxes have, and gives up the others that are named', async () => {
    const [twice, here, there] = [await misspelt('content'), await misspelt('content'), await misspelt('identity')];
    await misspelt('identity', twice);
    const done = await giveUp(twice, here, there);
    expect(done).toMatchObject({
      ...{ code: 1, givenUp: [here, there] },
      plan: { refused: [{ id: twice, why: expect.stringContaining('--outbox') as string }] },
    });
    expect([await isDead('content', twice), await isDead('identity', twice)]).toEqual([false, false]);
  });
});

it('housekeeping drops the days of the outbox that is named, and says of each what it would drop', async () => {
  const days: Record<string, string> = {};
  for (const [name, { pool }] of Object.entries(outboxes.of)) {
    await backdateOutbox(pool, [36]);
    days[name] = await dayName(pool, 36);
    await insertOld(pool, 36);
  }
  const [old] = Object.values(days);
  const hasDay = async (outbox: string) => (await partitionNames(outboxes.of[outbox]!.pool)).includes(days[outbox]!);
  const keep = (...args: string[]) => runOps(environment(), 'housekeeping', ...args);
  const done = await keep('--outbox', 'content', '--json');
  expect(done).toMatchObject({ code: 0, stderr: '' });
  const report = JSON.parse(done.stdout) as { outboxes: object; failed: object };
  expect(report).toMatchObject({ outboxes: { content: { dropped: { [old!]: 1 } } }, state: null });
  expect([Object.keys(report.outboxes), report.failed]).toEqual([['content'], {}]);
  expect([await hasDay('content'), await hasDay('identity')]).toEqual([false, true]);
  expect((await keep('--dry-run')).stdout).toBe(`outbox identity: would drop ${old}\n`);
  expect((await keep('--dry-run', '--outbox', 'content')).stdout).toBe('no partition is old enough to go\n');
});

it('an outbox that is not there is named with those that are', async () => {
  const done = await runOps(environment(), 'dead-letters', '--outbox', 'nowhere');
  expect(done).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/no outbox nowhere.*content, identity/) as string,
  });
});
