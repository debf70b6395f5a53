import { feedKey } from '../../../../feeds/feed-keys';
import { NovaError } from '../../../../contracts/failures';
import { auditLimits } from '../../../../activities/audit/limits';
import { auditKindNames, auditKinds } from '../../../../contracts/audit-kinds';
import { taskQueue } from '../../../../contracts/workflow-types';
import { type AuditWorld, createAuditWorld } from '../../../support/audit-world';
import { type EventRef } from '../../../../contracts/event-ref';
import { newId } from '../../../support/events';
import { waitFor } from '../../../support/wait-for';

let world: AuditWorld;
beforeAll(async () => {
  world = await createAuditWorld();
  await world.bridgeSays('polling');
});
afterAll(() => world.close());
afterEach(async () => {
  world.failing.clear();
  await world.bridgeSays('polling');
});

const one = async () => (await world.settled(1))[0]!;
const auditLimitsOfDays = auditLimits({ settleMs: 0, graceMs: 0, claimWindowMs: 0 }).openMs;
/** What was planted in this file may not be taken for something else. */
const planted = new Set<string>();
const plant = (eventId: string): string => (planted.add(eventId), eventId);

const deleteRun = async (workflowId: string) => {
  await world.client.workflowService.deleteWorkflowExecution({
    namespace: world.client.options.namespace,
    workflowExecution: { workflowId },
  });
  // Temporal takes up to half a minute for it when nothing else is to be done. What lists the runs may hear of it later.
  const isGone = async () =>
    (await world.deps.runs.describe(workflowId)) === null &&
    (await world.client.workflow.count(`WorkflowId = '${workflowId}'`)).count === 0;
  await waitFor(isGone, { timeoutMs: 200_000, everyMs: 200, what: 'the run to be gone' });
};
const startOn = (workflowId: string, reuse: 'ALLOW_DUPLICATE' | 'REJECT_DUPLICATE' = 'REJECT_DUPLICATE', args = [{}]) =>
  world.client.workflow.start('emitWorkflow', {
    workflowId,
    taskQueue: taskQueue(world.prefix, 'kafka'),
    args,
    workflowIdReusePolicy: reuse,
    memo: { eventId: workflowId },
  });
const visible = (query: string, runs = 1) =>
  waitFor(async () => (await world.client.workflow.count(query)).count >= runs, { what: query });

it('explains everything of a system that works, and says how much it looked at', async () => {
  await world.settled(20);
  await world.reader(3);
  const report = await world.audit();
  expect(report).toMatchObject({
    unexplained: 0,
    notes: [],
    examined: { rows: 20, runs: 20, records: 20, feeds: 1 },
  });
  expect(report.counts).toEqual({});
});

it('finds a row that is marked without a run, and keeps to it when the run could have been forgotten', async () => {
  const [{ eventId }, other] = (await world.settled(2)) as [EventRef, EventRef];
  await world.set(other.eventId, `published_at = now() - interval '400 days'`);
  await Promise.all([deleteRun(plant(eventId)), deleteRun(other.eventId)]);
  expect((await world.audit()).counts).toMatchObject({ marked_without_run: 1 });
  expect(await world.findings(eventId)).toEqual(['marked_without_run']);
  // Out of retention nothing new can be found of this kind; what was found stays, until a person ends it.
  await world.set(eventId, `published_at = now() - interval '400 days'`);
  await world.audit({}, 500 * 86_400_000);
  expect(await world.findings(eventId)).toEqual(['marked_without_run']);
  expect(await world.findings(other.eventId)).toEqual([]);
});

it('finds a run without a row: a stranger’s, and ours whose row was lost', async () => {
  const stranger = plant(newId());
  await startOn(stranger);
  const { eventId: lost } = await one();
  await world.database.pool.query('DELETE FROM outbox_events WHERE id = $1', [plant(lost)]);
  await visible(`WorkflowId = '${stranger}'`);
  // The stranger's run is open: it must not be past its budget as well.
  await world.audit({ openMs: auditLimitsOfDays });
  expect(await world.findings(stranger)).toEqual(['run_without_row']);
  expect(await world.findings(lost)).toEqual(['record_without_row', 'run_without_row']);
  await world.client.workflow.getHandle(stranger).terminate();
});

it('finds a run whose row was never marked, and a dead letter that has its run', async () => {
  const [unmarked, dead] = await world.settled(2);
  await world.set(plant(unmarked!.eventId), `published_at = NULL`);
  await world.set(
    plant(dead!.eventId),
    `published_at = NULL, dead_lettered_at = now(), last_error = 'START_REFUSED: x'`,
  );
  // Their runs may be milliseconds old, which a mark may be, too.
  const report = await world.audit({ markMs: 0 });
  expect(report.counts).toMatchObject({ run_unmarked: 2, dead_letter: 1 });
  expect(await world.findings(unmarked!.eventId)).toEqual(['run_unmarked']);
  expect(await world.findings(dead!.eventId)).toEqual(['run_unmarked']);
  // A bridge repeats the start and marks; what is repaired is resolved.
  await world.set(dead!.eventId, `dead_lettered_at = NULL, last_error = NULL`);
  await world.settle([unmarked!, dead!]);
  await world.audit();
  expect(await world.findings(unmarked!.eventId)).toEqual([]);
});

it('finds a row that is marked though the run of its id is another event’s, not one that was rightly given up', async () => {
  const { eventId } = await one();
  const { pool } = world.database;
  const again = (change: string, end: string) =>
    pool.query(
      `INSERT INTO outbox_events (id, aggregate_id, event_type, payload, ${end})
       SELECT id, aggregate_id, event_type, ${change}, now() FROM outbox_events WHERE id = $1 ORDER BY sequence LIMIT 1`,
      [eventId],
    );
  await again(`payload || '{"content": "other"}'`, 'dead_lettered_at');
  await again('payload', 'published_at');
  await world.audit({ markMs: 0 });
  expect(await world.findings(eventId)).toEqual([]);
  // A bridge that took the run for this row's would have lost the second event.
  await world.set(plant(eventId), `published_at = now(), dead_lettered_at = NULL`);
  await world.set(eventId, `emitted_at = now()`);
  await world.audit();
  expect(await world.findings(eventId)).toEqual(['marked_without_run']);
});

it('finds an event that was started twice, and takes neither a reset nor a continuation for it', async () => {
  const [twice, reset] = await world.settled(2);
  await (await startOn(plant(twice!.eventId), 'ALLOW_DUPLICATE', [twice as never])).result();
  const { runId } = await world.client.workflow.getHandle(reset!.eventId).describe();
  const again = await world.client.workflowService.resetWorkflowExecution({
    namespace: world.client.options.namespace,
    workflowExecution: { workflowId: reset!.eventId, runId },
    workflowTaskFinishEventId: 4 as never,
    requestId: newId(),
    reason: 'test',
  });
  // Open, it would be past its budget of a second.
  await world.client.workflow.getHandle(reset!.eventId, again.runId).result();
  await visible(`WorkflowId = '${reset!.eventId}' AND RunId = '${again.runId}' AND ExecutionStatus = 'Completed'`);
  await visible(`WorkflowId = '${twice!.eventId}' AND ExecutionStatus = 'Completed'`, 2);
  await world.audit();
  expect(await world.findings(twice!.eventId)).toEqual(['two_runs']);
  expect(await world.findings(reset!.eventId)).toEqual([]);
});

it('finds a run that is open past its budget for no known reason, not one that waits out an outage', async () => {
  const [waiting, broken] = [await world.event(), await world.event()];
  world.failing.set(waiting.eventId, new NovaError('KAFKA_UNAVAILABLE', 'gone'));
  world.failing.set(plant(broken.eventId), new TypeError('a bug'));
  const { bridge } = world.bridge();
  await bridge.start();
  await waitFor(async () => {
    const runs = await Promise.all([waiting, broken].map(({ eventId }) => world.deps.runs.describe(eventId)));
    return runs.every((run) => run?.activities[0]?.failure != null && Date.now() - run.startedMs > 1_500);
  });
  await bridge.stop();
  await visible(`WorkflowId IN ('${waiting.eventId}', '${broken.eventId}') AND ExecutionStatus = 'Running'`, 2);
  const report = await world.audit();
  expect(report.counts).toMatchObject({ open_waiting: 1, open_past_budget: 1 });
  expect(await world.findings(broken.eventId)).toEqual(['open_past_budget']);
  expect(report.examples.open_waiting).toEqual([waiting.eventId]);
  world.failing.clear();
  await world.settle([waiting, broken]);
  await world.audit();
  expect(await world.findings(broken.eventId)).toEqual([]);
});

it('finds a paused activity at once: who paused it and since when, whatever its last failure is', async () => {
  const { eventId } = await world.event();
  world.failing.set(plant(eventId), new NovaError('KAFKA_UNAVAILABLE', 'gone'));
  const { bridge } = world.bridge();
  await bridge.start();
  await waitFor(async () => (await world.deps.runs.describe(eventId))?.activities[0]?.failure != null);
  await bridge.stop();
  const handle = world.client.workflow.getHandle(eventId);
  const of = { namespace: world.client.options.namespace, execution: { workflowId: eventId }, type: 'emitEvent' };
  await world.client.workflowService.pauseActivity({ ...of, identity: 'ann@desk', reason: 'Kafka is away' });
  // Kafka is back, the pause is forgotten.
  world.failing.clear();
  await visible(`WorkflowId = '${eventId}' AND TemporalPauseInfo IS NOT NULL`);
  const before = (await world.audit({ openMs: auditLimitsOfDays })).counts;
  expect(before).toMatchObject({ open_paused: 1 });
  expect(before.open_waiting).toBeUndefined();
  const [finding] = (await world.deps.store.open(100)).filter(({ kind }) => kind === 'open_paused');
  expect(finding?.detail).toMatch(
    /^emitEvent, attempt \d+, paused since .*Z by ann@desk, last failure KAFKA_UNAVAILABLE$/,
  );
  // Past its budget it is still that, and not explained by an outage that is over.
  expect((await world.audit()).counts).toMatchObject({ open_paused: 1 });
  await world.client.workflowService.unpauseActivity({ ...of, identity: 'ann@desk' });
  await handle.result();
  await world.audit();
  expect(await world.findings(eventId)).toEqual([]);
});

it('finds a pending row for which nothing speaks, and none that has a reason', async () => {
  const [stuck, paused, failed, leased, behind] = await Promise.all([1, 2, 3, 4, 5].map(() => world.event()));
  await world.set(plant(stuck!.eventId), `created_at = created_at`);
  await world.set(paused!.eventId, `event_type = 'reaction.added'`);
  await world.set(failed!.eventId, `last_error = 'START_REFUSED: x', next_attempt_at = now() + interval '10 minutes'`);
  await world.set(leased!.eventId, `lease_until = now() + interval '10 minutes', lease_token = gen_random_uuid()`);
  await world.set(
    behind!.eventId,
    `aggregate_id = (SELECT aggregate_id FROM outbox_events WHERE id = '${failed!.eventId}'), sequence = sequence + 1000`,
  );
  await world.bridgeSays('polling', { 'reaction.added': 'NO_POLLER: none' });
  const report = await waitFor(async () => {
    const seen = await world.audit();
    // The youngest of them may be within its budget for a moment more.
    return (seen.counts.waiting ?? 0) + (seen.counts.stuck ?? 0) === 5 ? seen : undefined;
  });
  expect(report.counts).toMatchObject({ waiting: 4, stuck: 1 });
  expect(await world.findings(stuck!.eventId)).toEqual(['stuck']);
  // In an outage that every bridge reports, all of them have a reason.
  await world.bridgeSays('outage');
  expect((await world.audit()).counts).toMatchObject({ waiting: 5 });
  expect(await world.findings(stuck!.eventId)).toEqual([]);
  for (const ref of [stuck, paused, failed, leased, behind])
    await world.database.pool.query('DELETE FROM outbox_events WHERE id = $1', [ref!.eventId]);
});

it('finds a row that is claimed again and again without an outcome, and one whose next attempt is overdue', async () => {
  const [crashing, overdue] = [await world.event(), await world.event()];
  await world.set(
    plant(crashing.eventId),
    `claim_count = 99, lease_until = now() + interval '10 minutes', lease_token = gen_random_uuid()`,
  );
  await world.set(
    plant(overdue.eventId),
    `last_error = 'TEMPORAL_UNAVAILABLE: long ago', next_attempt_at = now() - interval '1 hour'`,
  );
  await waitFor(async () => ((await world.audit()).counts.stuck ?? 0) === 2);
  expect(await world.findings(crashing.eventId)).toEqual(['stuck']);
  expect(await world.findings(overdue.eventId)).toEqual(['stuck']);
  await world.database.pool.query('DELETE FROM outbox_events WHERE id IN ($1, $2)', [
    crashing.eventId,
    overdue.eventId,
  ]);
});

it('finds a lease that ended with no bridge left to take over', async () => {
  const { eventId } = await world.event();
  await world.bridgeSays(null);
  await world.set(
    plant(eventId),
    `claim_count = 1, lease_token = gen_random_uuid(), lease_until = now() - interval '1 minute'`,
  );
  await waitFor(async () => ((await world.audit()).counts.lease_over ?? 0) === 1);
  expect(await world.findings(eventId)).toEqual(['lease_over']);
  await world.database.pool.query('DELETE FROM outbox_events WHERE id = $1', [eventId]);
});

it('finds an event that no open run will emit', async () => {
  const { eventId } = await one();
  await world.set(plant(eventId), `emitted_at = NULL`);
  await waitFor(async () => ((await world.audit()).counts.lost_emit ?? 0) === 1);
  expect(await world.findings(eventId)).toEqual(['lost_emit']);
  await world.set(eventId, `emitted_at = now()`);
});

it('finds an event that was sent again after its mark; sent again before it, it is explained', async () => {
  const [late, crashed] = await world.settled(2);
  await world.set(plant(late!.eventId), `emitted_at = emitted_at - interval '1 minute'`);
  await Promise.all([world.send(late!.eventId), world.send(crashed!.eventId)]);
  await world.set(crashed!.eventId, `emitted_at = clock_timestamp()`);
  const report = await world.audit();
  expect(await world.findings(late!.eventId)).toEqual(['emitted_twice']);
  expect(await world.findings(crashed!.eventId)).toEqual([]);
  expect(report.examples.redelivered).toEqual([crashed!.eventId]);
});

it('takes a record that is alone and later than its mark for what it is: sent by a worker whose clock was ahead', async () => {
  const { eventId } = await one();
  await world.set(eventId, `emitted_at = emitted_at - interval '1 minute'`);
  await world.audit();
  expect(await world.findings(eventId)).toEqual([]);
});

it('finds an event that is marked as emitted and is not on Kafka, and one on Kafka that has no row', async () => {
  const marked = await world.event();
  const stray = plant(newId());
  await world.set(plant(marked.eventId), `published_at = now(), emitted_at = now()`);
  await world.send(stray);
  await world.audit();
  expect(await world.findings(marked.eventId)).toEqual(['emitted_without_record', 'marked_without_run']);
  expect(await world.findings(stray)).toEqual(['record_without_row']);
});

it('counts a run that failed apart, until a replay has made up for it', async () => {
  const ref = await world.event();
  world.failing.set(plant(ref.eventId), new NovaError('KAFKA_UNAVAILABLE', 'gone'));
  const { bridge } = world.bridge();
  await bridge.start();
  await waitFor(async () => (await world.rows.byIds([ref.eventId]))[0]?.publishedUs);
  // From its first failure on it says what it waits for.
  await waitFor(async () => (await world.deps.runs.describe(ref.eventId))?.activities[0]?.failure != null);
  await bridge.stop();
  const before = (await world.audit()).unexplained;
  await world.client.workflow.getHandle(ref.eventId).terminate('test');
  await visible(`WorkflowId = '${ref.eventId}' AND ExecutionStatus = 'Terminated'`);
  expect(await world.audit()).toMatchObject({
    unexplained: before,
    waitForPerson: 1,
    notOnKafka: 1,
    counts: { failed_run: 1 },
  });
  expect(await world.findings(ref.eventId)).toEqual(['failed_run']);
  world.failing.clear();
  await (await startOn(`${ref.eventId}/replay-1`, 'REJECT_DUPLICATE', [ref])).result();
  await visible(`WorkflowId = '${ref.eventId}/replay-1' AND ExecutionStatus = 'Completed'`);
  expect((await world.audit()).counts.failed_run).toBeUndefined();
});

it('finds a feed in Redis that lost a post, until the feed is right again', async () => {
  const { userId, posts } = await world.reader(3);
  await world.redis.zrem(feedKey(plant(userId)), posts[1]!);
  expect((await world.audit()).counts).toMatchObject({ feed_differs: 1 });
  expect(await world.findings(userId)).toEqual(['feed_differs']);
  await world.redis.zadd(feedKey(userId), 1_002, posts[1]!);
  expect((await world.audit()).counts.feed_differs).toBeUndefined();
  expect(await world.findings(userId)).toEqual([]);
});

it('has found every kind there is in this file, and nothing that was not planted', async () => {
  const { rows } = await world.database.pool.query<{ event_id: string; kind: string }>(
    'SELECT event_id, kind FROM audit_findings',
  );
  expect(rows.filter(({ event_id }) => !planted.has(event_id))).toEqual([]);
  const toFind = auditKindNames.filter((kind) => auditKinds[kind].class !== 'explained');
  expect([...new Set(rows.map(({ kind }) => kind))].sort()).toEqual([...toFind].sort());
});
