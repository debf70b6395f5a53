import { type EventRef } from '../../../contracts/event-ref';
import { actOf } from '../../../ops/acts/acts';
import { requeueRows } from '../../../ops/dead-letters/requeue';
import { readRetentionMs, rememberedMs } from '../../../runtime/temporal-retention';
import { endLeases } from '../../support/bridge';
import { deleteRun } from '../../support/delete-run';
import { newId } from '../../support/events';
import { PoisonLab } from '../../support/poison-lab';
import { waitFor } from '../../support/wait-for';

const day = 86_400_000;
const limits = { maxAttempts: 5, retentionGuardMs: day, unknownPatienceMs: day };
let lab: PoisonLab;
beforeAll(async () => {
  lab = await PoisonLab.open();
});
afterEach(async () => {
  await lab.stopBridges();
  await lab.database.pool.query('DELETE FROM outbox_events');
});
afterAll(() => lab.close());

const run = (id: string) => lab.client.workflow.getHandle(id).describe();
const isStarted = (id: string) => run(id).catch(() => undefined);
const forgotten = (id: string) => expect(run(id)).rejects.toThrow(/not found/i);

/** Started by a bridge that died before its mark; the row's lease is over. */
async function startedNotMarked(): Promise<EventRef> {
  const ref = await lab.healthy();
  const dying = lab.bridge();
  dying.store.settle = async () => 0;
  await dying.bridge.start();
  await waitFor(() => isStarted(ref.eventId));
  await lab.stopBridges();
  await endLeases(lab.database.pool);
  return ref;
}

const age = (id: string, days: number) =>
  lab.database.pool.query(
    `UPDATE outbox_events SET first_attempt_at = clock_timestamp() - make_interval(days => $2) WHERE id = $1`,
    [id, days],
  );

/** Everything that was claimable when this was called has been claimed and settled. */
async function bridgesHavePassed(count = 2): Promise<void> {
  for (let i = 0; i < count; i++) {
    await lab.bridge({ limits }).bridge.start();
    await lab.started((await lab.healthy()).eventId);
  }
}

describe('a row whose run Temporal has forgotten', () => {
  it('unmarked and first tried longer ago than the guard, is parked with what to do, and not started again', async () => {
    const { eventId } = await startedNotMarked();
    await deleteRun(lab.client, eventId);
    await age(eventId, 8);
    await lab.bridge({ limits }).bridge.start();
    expect((await lab.dead(eventId))['last_error']).toMatch(
      /^RETENTION_PASSED: first tried 8\.0 days ago .* it may have run\. See `npx nova show .*--never-ran` or discard/,
    );
    await forgotten(eventId);
  });

  it('marked, is left alone by bridges that come and go and by leases that end', async () => {
    const { eventId } = await startedNotMarked();
    await lab.bridge({ limits }).bridge.start();
    await lab.started(eventId);
    await deleteRun(lab.client, eventId);
    await lab.database.pool.query(
      `UPDATE outbox_events SET lease_token = gen_random_uuid(), lease_until = now() - interval '1 hour' WHERE id = $1`,
      [eventId],
    );
    await lab.stopBridges();
    const before = await lab.row(eventId);
    await bridgesHavePassed(3);
    await age(eventId, 8);
    await bridgesHavePassed(1);
    await forgotten(eventId);
    expect({ ...(await lab.row(eventId)), first_attempt_at: 0 }).toEqual({ ...before, first_attempt_at: 0 });
  });

  it('unmarked and younger than the guard, is started once more: the effects have ledgers of their own', async () => {
    const { eventId } = await startedNotMarked();
    const first = (await run(eventId)).runId;
    await deleteRun(lab.client, eventId);
    await lab.bridge({ limits }).bridge.start();
    await lab.started(eventId);
    expect((await run(eventId)).runId).not.toBe(first);
  });
});

describe('the guard', () => {
  it('follows the retention of the namespace, less its margin, and a running bridge follows it', async () => {
    const { workflowService } = lab.client.connection;
    const namespace = `retention-${newId().slice(0, 8)}`;
    const duration = (days: number) => ({ seconds: (days * 86_400) as never });
    await workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod: duration(2) });
    const read = () => readRetentionMs(lab.client.connection, namespace);
    await waitFor(async () => (await read()) === 2 * day);
    expect(rememberedMs(6, await read())).toBe(2 * day - 6 * 3_600_000);
    await workflowService.updateNamespace({ namespace, config: { workflowExecutionRetentionTtl: duration(20) } });
    await waitFor(async () => (await read()) === 20 * day);

    const moving = { ...limits, retentionGuardMs: rememberedMs(6, await read()) };
    const young = await startedNotMarked();
    const old = await startedNotMarked();
    for (const { eventId } of [young, old]) await deleteRun(lab.client, eventId);
    await age(young.eventId, 8);
    await lab.bridge({ limits: moving }).bridge.start();
    await lab.started(young.eventId);
    await lab.started(old.eventId);
    moving.retentionGuardMs = rememberedMs(6, 2 * day);
    const late = await lab.insert({ first_attempt_at: new Date(Date.now() - 8 * day) });
    expect((await lab.dead(late))['last_error']).toMatch(/^RETENTION_PASSED/);
  });

  it('does not count from a claim that gave the row back untried: nothing can have run it', async () => {
    const { eventId } = await lab.healthy();
    const { store } = lab.bridge();
    const lanes = { perPriority: [1, 1, 1, 1], floor: 0, heads: 1 } as const;
    const take = () => store.claim({ token: newId(), leaseMs: 60_000, lanes, maxRows: 1, pausedSpellings: [] });
    const [row] = await take();
    await store.settle([{ kind: 'released', row: row! }]);
    expect(await lab.row(eventId)).toMatchObject({ first_attempt_at: null, claim_count: 1 });
    // Of later claims it is not known whether one before them tried.
    const [again] = await take();
    await store.settle([{ kind: 'released', row: again! }]);
    expect(await lab.row(eventId)).toMatchObject({ first_attempt_at: expect.any(Date) as Date, claim_count: 2 });
  });

  it('goes by the age on the database’s clock, whatever this machine’s says', async () => {
    await lab.insert({ first_attempt_at: new Date(Date.now() - 60_000) });
    const lanes = { perPriority: [1, 1, 1, 1], floor: 0, heads: 1 } as const;
    const clock = jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 30 * day);
    const [row] = await lab
      .bridge()
      .store.claim({ token: newId(), leaseMs: 1, lanes, maxRows: 1, pausedSpellings: [] })
      .finally(() => clock.mockRestore());
    expect(row?.firstAttemptAgeMs).toBeGreaterThanOrEqual(59_000);
    expect(row?.firstAttemptAgeMs).toBeLessThan(day);
  });
});

describe('nova requeue', () => {
  const requeue = (ids: string[], neverRan = false) =>
    requeueRows(
      {
        ...{ pool: lab.database.pool, workflows: lab.client.workflow, guardMs: limits.retentionGuardMs },
        act: actOf({ actor: 'ada', command: 'requeue', planned: ids.length }),
      },
      ids,
      { neverRan },
    );
  const parked = (error: string, columns: Record<string, unknown> = {}) =>
    lab.insert({
      last_error: error,
      dead_lettered_at: new Date(),
      first_attempt_at: new Date(Date.now() - 8 * day),
      claim_count: 5,
      retry_count: 5,
      ...columns,
    });

  it('refuses a row that may have run and been forgotten, says the risk, and starts it only on the operator’s word', async () => {
    const id = await parked('RETENTION_PASSED: first tried 8.0 days ago');
    const refused = await parked('START_REFUSED: no');
    expect(await requeue([id, refused])).toMatchObject({
      requeued: [],
      refused: [
        {
          id: expect.any(String) as string,
          why: expect.stringMatching(/8\.0 days ago.*may have run.*--never-ran/) as string,
        },
        { id: expect.any(String) as string },
      ],
    });
    expect((await lab.row(id))['dead_lettered_at']).not.toBeNull();
    expect(await requeue([id], true)).toMatchObject({ requeued: [id], vouchedFor: [id], refused: [] });
    await lab.bridge({ limits }).bridge.start();
    await lab.started(id);
  });

  it('brings back a row that never got as far as Temporal, however old, and it is not parked again', async () => {
    const id = await parked('INVALID_PAYLOAD: repaired since', { claim_count: 1, retry_count: 1 });
    expect(await requeue([id])).toMatchObject({ requeued: [id], vouchedFor: [] });
    await lab.bridge({ limits }).bridge.start();
    await lab.started(id);
  });

  it('brings back an old row whose run Temporal still knows: the bridge finds it and marks the row', async () => {
    const { eventId } = await startedNotMarked();
    await lab.database.pool.query(
      `UPDATE outbox_events SET dead_lettered_at = now(), last_error = 'START_REFUSED: x', first_attempt_at = now() - interval '8 days' WHERE id = $1`,
      [eventId],
    );
    expect(await requeue([eventId, newId()])).toMatchObject({
      requeued: [eventId],
      notDeadLettered: [expect.any(String)],
    });
    await lab.bridge({ limits }).bridge.start();
    await lab.started(eventId);
  });

  it('brings a row that killed its bridges back as a suspect', async () => {
    const id = await parked('ROW_KILLS_PROCESS: 6 claims', { first_attempt_at: new Date(), unfinished_claims: 0 });
    expect(await requeue([id])).toMatchObject({ requeued: [id] });
    expect(await lab.row(id)).toMatchObject({ unfinished_claims: 3, dead_lettered_at: null });
  });
});
