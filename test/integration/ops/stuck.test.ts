import { environmentOf } from '../../../dev/stack/addresses';
import { withConnections } from '../../../ops/connections';
import { statusSettings } from '../../../ops/status/servers';
import { systemStatus } from '../../../ops/status/status';
import { type Status } from '../../../ops/status/status-said';
import { statusText } from '../../../ops/status/status-print';
import { unemittedCauses } from '../../../ops/status/unemitted';
import { type StuckLine, stuck } from '../../../ops/stuck/stuck';
import { configFrom } from '../../../runtime/config';
import { insertEvent, newId } from '../../support/events';
import { servers } from '../../support/servers';
import { waitFor } from '../../support/wait-for';
import { type WhyWorld, createWhyWorld } from '../../support/why-world';

let world: WhyWorld;
beforeAll(async () => {
  world = await createWhyWorld();
});
afterAll(() => world.close());

const sql = (text: string, values: unknown[] = []) => world.feed.database.pool.query(text, values);

/** With the rights of an operator. */
async function look(change: (status: Status) => Status = (status) => status) {
  const config = configFrom(statusSettings, {
    ...environmentOf(servers()),
    ...{ DATABASE_URL: world.feed.database.urls.operator, TASK_QUEUE_PREFIX: world.workers.prefix },
    ...{ REDIS_KEY_PREFIX: world.feed.redis.options.keyPrefix ?? '' },
  });
  return withConnections(config, async (connections) => {
    const status = change(await systemStatus(connections, config));
    return { status, lines: await stuck(connections, status) };
  });
}

const follow = (follower: string, started = false) =>
  insertEvent(world.feed.database.pool, 'follow.added', { follower_id: follower, followee_id: newId() }, { started });
const line = (lines: readonly StuckLine[], what: RegExp) => lines.find((one) => what.test(one.what));
const bridge = (pausedTypes: object) =>
  sql(
    `INSERT INTO bridge_instances (instance_id, state, paused_types) VALUES ('b', 'polling', $1)
     ON CONFLICT (instance_id) DO UPDATE SET paused_types = $1, heartbeat_at = now()`,
    [pausedTypes],
  );

it('says which outbox no bridge serves, also when the row of a dead one is there, and which queue no worker', async () => {
  const before = await look();
  expect(line(before.lines, /^bridge$/)).toMatchObject({ since: null, cause: 'no bridge serves this outbox' });
  expect(line(before.lines, /^task queue$/)).toMatchObject({ id: `${world.workers.prefix}-maintenance` });
  await bridge({});
  expect(line((await look()).lines, /^bridge$/)).toBeUndefined();
  await sql(`UPDATE bridge_instances SET heartbeat_at = now() - interval '50 seconds'`);
  const { lines, status } = await look();
  expect(line(lines, /^bridge$/)?.since).toMatch(/^20/);
  expect(status.lookAt).toContain('no bridge that works');
  expect(statusText(status, false)).toMatch(/\nb +GONE, was polling +\d/);
});

it('lists rows past their budget by aggregate, with what the first of them waits for', async () => {
  await bridge({ 'reaction.added': 'NO_POLLER: no worker polls nova-notification' });
  const user = newId();
  const rows = [await follow(user), await follow(user), await follow(user)];
  const young = await follow(newId());
  const head = rows[0]!.eventId;
  await sql(`UPDATE outbox_events SET created_at = created_at - interval '7 minutes' WHERE aggregate_id = $1`, [user]);
  await sql(
    `UPDATE outbox_events SET last_error = 'START_REFUSED: x', retry_count = 2, next_attempt_at = now() + interval '1 minute' WHERE id = $1`,
    [head],
  );
  const { lines, status } = await look();
  expect(line(lines, /^pending rows/)).toMatchObject({
    ...{ what: `pending rows of follower ${user}`, id: head, outbox: 'main', count: 3 },
    cause: 'it is pending: 2 tries failed, it is tried again: START_REFUSED: x',
  });
  expect(lines.map(({ id }) => id)).not.toContain(young.eventId);
  expect(line(lines, /^paused type$/)).toMatchObject({
    id: 'reaction.added',
    command: expect.stringContaining('Start the workers of that queue') as string,
  });
  expect(status.hottest).toEqual([expect.objectContaining({ aggregateId: user, rows: 3, head })]);
  expect(status.lookAt).toEqual(
    expect.arrayContaining(['paused event types', 'rows that wait longer than they should']),
  );
  expect(statusText(status, false)).toMatch(new RegExp(`HOTTEST AGGREGATES.*\n(follower )?.*${user} +3 +7 min old`));
});

it('lists dead letters, held aggregates, unknown deliveries and findings, each with its command', async () => {
  const dead = await follow(newId());
  await sql(`UPDATE outbox_events SET dead_lettered_at = now(), last_error = 'INVALID_PAYLOAD: x' WHERE id = $1`, [
    dead.eventId,
  ]);
  await sql(
    `INSERT INTO outbox_holds (aggregate_id, sequence, id, held_since) VALUES ($1, $2, $3, now() - interval '1 hour')`,
    [dead.aggregateId, dead.sequence, dead.eventId],
  );
  const [event, recipient] = [newId(), newId()];
  await sql(`INSERT INTO notification_deliveries VALUES ($1, $2, 'email', 'post.mention', 'unknown', NULL, now(), 1)`, [
    event,
    recipient,
  ]);
  await sql(
    `INSERT INTO audit_findings (event_id, kind, detail, first_seen, last_seen) VALUES ($1, 'lost_emit', 'x', now(), now())`,
    [event],
  );
  const { lines } = await look();
  expect(line(lines, /^dead letter$/)).toMatchObject({
    id: dead.eventId,
    cause: 'INVALID_PAYLOAD: x',
    // Requeued as it is, it would come back.
    command:
      `Repair the writer. Then correct the payload, npx nova dead-letters amend ${dead.eventId} --requeue, ` +
      `or drop the row, npx nova dead-letters discard ${dead.eventId}.`,
  });
  expect(line(lines, /^held aggregate/)).toMatchObject({
    what: `held aggregate ${dead.aggregateId}`,
    command: `npx nova requeue ${dead.eventId}, or npx nova release-hold ${dead.eventId}`,
  });
  expect(line(lines, /^delivery of unknown/)).toMatchObject({
    id: `${event}/${recipient}/email`,
    command: expect.stringContaining('npx nova deliveries settle') as string,
  });
  expect(line(lines, /^finding lost_emit$/)).toMatchObject({
    id: event,
    command: expect.stringContaining(`npx nova replay ${event}`) as string,
  });
});

it('counts findings that are alike in one line, and says what takes up all of them', async () => {
  const [first, second] = [newId(), newId()];
  await sql(
    `INSERT INTO audit_findings (event_id, kind, detail, first_seen, last_seen)
     VALUES ($1, 'failed_run', 'emitWorkflow failed', now() - interval '1 minute', now()), ($2, 'failed_run', 'emitWorkflow failed', now(), now())`,
    [first, second],
  );
  const found = (await look()).lines.filter(({ what }) => what === 'finding failed_run');
  expect(found).toEqual([
    expect.objectContaining({
      ...{ id: first, count: 2, cause: 'emitWorkflow failed' },
      command: expect.stringMatching(
        new RegExp(`npx nova replay ${first}\\. .*All 2: npx nova replays plan <name> --found$`),
      ) as string,
    }),
  ]);
  await sql(`DELETE FROM audit_findings WHERE kind = 'failed_run'`);
});

it('says why started events are not on Kafka, of what stands behind the start too', async () => {
  const ref = await follow(newId(), true);
  await sql(`UPDATE outbox_events SET published_at = now() - interval '6 minutes' WHERE id = $1`, [ref.eventId]);
  world.workers.moods.set('emitEvent', 'away');
  const run = await world.workers.start('followWorkflow', ref);
  await waitFor(async () => line((await look()).lines, /^events not on Kafka$/)?.cause === 'gone');
  const old = (status: Status): Status => ({
    ...status,
    waitingRuns: {
      ...status.waitingRuns!,
      waitFor: [
        {
          ...{ activity: 'emitEvent', runs: 3, attempt: 9, oldestSeconds: 61, outage: true, workflowId: ref.eventId },
          ...{ lastFailure: 'KAFKA_UNAVAILABLE: gone', throwing: 0 },
        },
        {
          ...{ activity: 'feedFollow', runs: 2, attempt: 4, oldestSeconds: 9, outage: false, workflowId: ref.eventId },
          ...{ lastFailure: "Cannot read properties of undefined (reading 'locale')", throwing: 1 },
        },
      ],
    },
  });
  const { lines, status } = await look(old);
  expect(line(lines, /^events not on Kafka$/)).toMatchObject({ id: ref.eventId, count: 1, outbox: 'main' });
  expect(line(lines, /^run waits for emitEvent$/)).toMatchObject({
    ...{ id: ref.eventId, count: 3 },
    command: 'Bring Kafka back; emission drains in order.',
  });
  // It does not end by itself, so it is said however young it is.
  expect(line(lines, /^run waits for feedFollow$/)).toMatchObject({
    ...{ id: ref.eventId, count: 2 },
    command: expect.stringMatching(/^the code of the activity throws: deploy the version before/) as string,
  });
  expect(status.lookAt).toContain('started events that are not on Kafka');
  expect(statusText(status, false)).toMatch(/NOT ON KAFKA +OVER 5 MIN.*\n1 +1 +0 +0 +6 min\n {2}1 of the oldest: gone/);

  // The line names an event that has the cause which it states, not the oldest of all.
  const older = await follow(newId(), true);
  await sql(`UPDATE outbox_events SET published_at = now() - interval '9 minutes' WHERE id = $1`, [older.eventId]);
  const most = (now: Status): Status => ({
    ...now,
    unemittedCauses: [...now.unemittedCauses!].sort((a) => (a.example === ref.eventId ? -1 : 1)),
  });
  const both = await look(most);
  expect(both.status.unemittedCauses).toHaveLength(2);
  expect(line(both.lines, /^events not on Kafka$/)).toMatchObject({ id: ref.eventId, count: 2, cause: 'gone' });
  await sql('UPDATE outbox_events SET emitted_at = now() WHERE id = $1', [older.eventId]);

  // Another run of the aggregate may send the event while this one is looked at.
  await run.terminate();
  const ended = (waiting: string[]) =>
    unemittedCauses(world.workers.client.workflow, [ref.eventId], () => Promise.resolve(waiting));
  expect(await ended([ref.eventId])).toMatchObject([{ cause: 'its run is TERMINATED and did not send it', events: 1 }]);
  expect(await ended([])).toEqual([]);
  expect(line((await look()).lines, /^events not on Kafka$/)?.cause).toMatch(/TERMINATED and did not send it/);
});

it('is a command: exit code 1 while something waits', async () => {
  const text = await world.ops('stuck');
  expect(text).toMatchObject({ code: 1, stderr: '' });
  expect(text.stdout).toMatch(/\n?task queue +\S+-maintenance\n {4}no worker takes .*\n {4}→ npm run workers/);
  const json = await world.ops('stuck', '--json');
  expect(JSON.parse(json.stdout)).toContainEqual(expect.objectContaining({ what: 'task queue', outbox: null }));
});
