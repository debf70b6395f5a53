import { Registry } from 'prom-client';
import { type EventRef } from '../../../../contracts/event-ref';
import { createAuditGauges, readAuditGauges } from '../../../../outbox-bridge/audit-gauges';
import { startOptions } from '../../../../runtime/start-options';
import { type AuditedOutboxes, createAuditedOutboxes } from '../../../support/audit-outboxes';
import { newId } from '../../../support/events';
import { waitFor } from '../../../support/wait-for';

let world: AuditedOutboxes;
beforeAll(async () => {
  world = await createAuditedOutboxes();
});
afterAll(() => world.close());

const kinds = async (ref: EventRef) => (await world.findings(ref.eventId)).map(({ kind }) => kind);
const both = async () => {
  const [main, social] = [await world.event('main'), await world.event('social')];
  await Promise.all([world.bridged([main]), world.started(social)]);
  return [main, social] as const;
};
/** Marked as started, and never was. */
const neverRan = async (outbox: string) => {
  const ref = await world.event(outbox);
  await world.set(ref, 'published_at = clock_timestamp(), emitted_at = clock_timestamp()');
  return ref;
};

it('explains everything of two outboxes whose events run on the same servers', async () => {
  await both();
  const report = await world.audit();
  expect(report).toMatchObject({ unexplained: 0, notes: [], examined: { rows: 2, runs: 2, records: 2 } });
  expect(report.notRead).toBeUndefined();
});

it('names the outbox of what it finds: in its table, its report, its text and the metrics', async () => {
  const [main, social] = [await neverRan('main'), await neverRan('social')];
  // Of no outbox: its id is a reader's.
  await world.outboxes.state.pool.query(
    `INSERT INTO audit_findings (event_id, kind, detail, first_seen, last_seen) VALUES ($1, 'feed_differs', '', now(), now())`,
    [newId()],
  );
  const found = (outbox: string, { eventId }: EventRef) => [
    { kind: 'emitted_without_record', outbox, count: 1, examples: [eventId] },
    { kind: 'marked_without_run', outbox, count: 1, examples: [eventId] },
  ];
  const { byOutbox, counts } = await world.audit();
  expect(counts).toMatchObject({ emitted_without_record: 2, marked_without_run: 2 });
  expect(byOutbox).toEqual(expect.arrayContaining([...found('main', main), ...found('social', social)]));
  expect(byOutbox).toContainEqual(expect.objectContaining({ kind: 'feed_differs', outbox: null, count: 1 }));
  const registry = new Registry();
  await readAuditGauges(world.outboxes.state.pool, createAuditGauges(registry), () => Promise.resolve(true));
  const metrics = await registry.metrics();
  for (const labels of [
    'marked_without_run",outbox="main',
    'marked_without_run",outbox="social',
    'feed_differs",outbox="',
  ])
    expect(metrics).toContain(`\nnova_audit_unexplained{kind="${labels}"} 1\n`);
  const { stdout, code } = await world.ops('audit');
  expect(code).toBe(1);
  expect(stdout).toContain(`        1 of main: ${main.eventId}\n        1 of social: ${social.eventId}\n`);
  for (const [ref, outbox] of [[main, 'main'] as const, [social, 'social'] as const])
    expect(await world.findings(ref.eventId)).toMatchObject([
      { kind: 'emitted_without_record', outbox },
      { kind: 'marked_without_run', outbox },
    ]);
});

it('judges nothing of an outbox that is away, all of the others, and makes up for it when it is back', async () => {
  const scheduled = { origin: 'schedule', sinceMs: undefined } as never;
  const [, known] = [await both(), await neverRan('social')];
  await world.audit(scheduled);
  expect(await kinds(known)).toContain('marked_without_run');
  const [, ran] = await both();
  const [main, social] = [await neverRan('main'), await neverRan('social')];
  // Later than the clocks of two servers may differ.
  await waitFor(async () => {
    const sql = `SELECT FROM outbox_events WHERE id = $1 AND published_at < now() - interval '3 s'`;
    return (await world.poolOf('social').query(sql, [social.eventId])).rows.length > 0;
  });
  const report = await world.audit(scheduled, { away: 'social' });
  expect(report.notRead).toEqual(['social']);
  expect(report.notes).toContainEqual(expect.stringMatching(/^outbox social could not be read: .*not judged$/));
  expect(await kinds(main)).toContain('marked_without_run');
  // Its runs and messages have rows, which this audit cannot see.
  expect(await kinds(ran)).toEqual([]);
  expect(await kinds(social)).toEqual([]);
  expect(await kinds(known)).toContain('marked_without_run');
  await world.audit(scheduled);
  expect(await kinds(social)).toEqual(['emitted_without_record', 'marked_without_run']);
});

it('takes the runs of an outbox that its settings do not name for no lost events, and says so', async () => {
  const [, social] = await both();
  const report = await world.audit(undefined, { without: 'social' });
  expect(report.notes).toContainEqual(
    expect.stringMatching(/^\d+ events are of the outbox social, which the settings of this process do not name/),
  );
  expect(await kinds(social)).toEqual([]);
});

it('finds a row that was started as a duplicate of another outbox’s event, and none that was rightly given up', async () => {
  const [main] = await both();
  const twin = await world.event('social');
  await world.set(twin, `id = '${main.eventId}', dead_lettered_at = now(), last_error = 'DUPLICATE_EVENT_ID: x'`);
  await world.audit();
  expect(await kinds(main)).toEqual([]);
  // Its payload is that of the other: not the same event all the same.
  await world
    .poolOf('social')
    .query(
      'UPDATE outbox_events SET dead_lettered_at = NULL, published_at = clock_timestamp(), emitted_at = clock_timestamp() WHERE id = $1',
      [main.eventId],
    );
  await world.audit();
  expect(await world.findings(main.eventId)).toEqual([
    {
      kind: 'marked_without_run',
      outbox: 'social',
      detail: expect.stringMatching(/the run of this id is of a row in the outbox main$/) as string,
    },
  ]);
});

it('looks for the row of a run in the outbox that the run names, also when another has a row of its id', async () => {
  const aggregateId = newId();
  const ref = await world.event('social', aggregateId);
  await world.client.workflow.start(
    'emitWorkflow',
    startOptions(
      { ref: { ...ref, outbox: 'social' }, workflowType: 'emitWorkflow' },
      { taskQueuePrefix: world.prefix },
    ),
  );
  await world.set(ref, 'published_at = clock_timestamp()');
  await world.client.workflow.getHandle(ref.eventId).result();
  await waitFor(async () => (await world.client.workflow.count(`WorkflowId = '${ref.eventId}'`)).count > 0);
  await world.poolOf('social').query('DELETE FROM outbox_events WHERE id = $1', [ref.eventId]);
  const twin = await world.event('main');
  await world.set(twin, `id = '${ref.eventId}', dead_lettered_at = now(), last_error = 'DUPLICATE_EVENT_ID: x'`);
  await world.audit();
  expect(await world.findings(ref.eventId)).toContainEqual({
    kind: 'run_without_row',
    outbox: 'social',
    detail: expect.stringMatching(
      /ours: its row, sequence \d+, is gone: was the database of the outbox social restored\?$/,
    ) as string,
  });
});
