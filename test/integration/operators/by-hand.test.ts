import { NovaError } from '../../../contracts/failures';
import { eventStory } from '../../../ops/show/event-story';
import { OutboxPools } from '../../../runtime/outbox-pools';
import { storyLines } from '../../../ops/show/story-lines';
import { type AuditWorld, createAuditWorld } from '../../support/audit-world';
import { newId } from '../../support/events';
import { waitFor } from '../../support/wait-for';

let world: AuditWorld;
beforeAll(async () => {
  world = await createAuditWorld();
  await world.bridgeSays('polling');
});
afterAll(() => world.close());
afterEach(() => world.failing.clear());

/** Events that are started and wait for Kafka. */
async function waiting(count: number) {
  const refs = await Promise.all(Array.from({ length: count }, () => world.event()));
  for (const { eventId } of refs) world.failing.set(eventId, new NovaError('KAFKA_UNAVAILABLE', 'gone'));
  const { bridge } = world.bridge();
  await bridge.start();
  for (const { eventId } of refs)
    await waitFor(async () => (await world.deps.runs.describe(eventId))?.activities[0]?.failure != null);
  await bridge.stop();
  return refs;
}
const listed = (query: string, count = 1) =>
  waitFor(async () => (await world.client.workflow.count(query)).count >= count, { what: query });
const firstTask = 4 as never;

it('a batch of terminated runs that is reset does each of them once, and ends the findings', async () => {
  const refs = await waiting(3);
  const ids = refs.map(({ eventId }) => eventId);
  for (const id of ids) await world.client.workflow.getHandle(id).terminate('the panic button');
  const ours = `WorkflowId IN (${ids.map((id) => `'${id}'`).join(', ')})`;
  await listed(`${ours} AND ExecutionStatus = 'Terminated'`, 3);
  expect(await world.audit()).toMatchObject({ waitForPerson: 3, notOnKafka: 3 });

  world.failing.set(ids[0]!, new NovaError('KAFKA_UNAVAILABLE', 'still gone'));
  for (const id of ids.slice(1)) world.failing.delete(id);
  for (const id of ids) {
    const { runId } = await world.client.workflow.getHandle(id).describe();
    await world.client.workflowService.resetWorkflowExecution({
      namespace: world.client.options.namespace,
      workflowExecution: { workflowId: id, runId },
      workflowTaskFinishEventId: firstTask,
      requestId: newId(),
      reason: 'operator',
    });
  }
  await Promise.all(ids.slice(1).map((id) => world.client.workflow.getHandle(id).result()));
  // What was reset and is not done yet is not called done.
  await world.audit();
  const open = await world.deps.store.open(10);
  expect(open).toEqual([
    {
      ...{ eventId: ids[0], kind: 'failed_run', outbox: 'main' },
      detail: 'reset and open again; was: emitWorkflow terminated, not on Kafka',
    },
  ]);
  world.failing.clear();
  await world.client.workflow.getHandle(ids[0]!).result();
  const { examined, counts } = await world.audit();
  expect(counts.failed_run).toBeUndefined();
  expect(counts.redelivered).toBeUndefined();
  expect(examined.records).toBe(3);
});

it('activities that are reset, or whose options are changed, go on and lose nothing', async () => {
  const [ref] = await waiting(1);
  const of = { namespace: world.client.options.namespace, execution: { workflowId: ref!.eventId }, type: 'emitEvent' };
  await world.client.workflowService.updateActivityOptions({
    ...of,
    activityOptions: { startToCloseTimeout: { seconds: 7 as never } },
    updateMask: { paths: ['start_to_close_timeout'] },
  });
  const { pool } = world.database;
  const servers = { pool, outboxes: OutboxPools.one(pool), workflows: world.client.workflow };
  const { story } = await eventStory(servers, ref!.eventId);
  expect(storyLines(story!, null).join('\n')).toMatch(/options were changed by hand: start-to-close 7 s, was 600 s/);
  await world.client.workflowService.resetActivity({ ...of, identity: 'ann' });
  world.failing.clear();
  await world.client.workflow.getHandle(ref!.eventId).result();
  expect((await world.rows.byIds([ref!.eventId]))[0]?.emittedUs).not.toBeNull();
});

it('a run and a message without a row are explained by the act that discarded it, and by nothing else', async () => {
  const refs = [await world.event(), await world.event()];
  await world.settle(refs);
  const [discarded, gone] = refs.map(({ eventId }) => eventId);
  for (const id of [discarded!, gone!])
    await world.set(id, `dead_lettered_at = now(), last_error = 'PAYLOAD_TOO_LARGE: for Kafka'`);
  const { pool } = world.database;
  const act = { invocation: newId(), actor: 'ada', host: 'h', reason: 'spam', planned: 1 };
  await pool.query(
    `SELECT outbox_discard_dead_letters(ARRAY[id], ARRAY[sequence], $2) FROM outbox_events WHERE id = $1`,
    [discarded, act],
  );
  await pool.query('DELETE FROM outbox_events WHERE id = $1', [gone]);
  const { counts, examples } = await world.audit();
  expect(await world.findings(discarded!)).toEqual([]);
  expect(examples.discarded).toContain(discarded);
  expect(counts.discarded).toBe(2);
  expect((await world.findings(gone!)).sort()).toEqual(['record_without_row', 'run_without_row']);
});
