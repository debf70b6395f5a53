import { type Audit } from '../../../../activities/audit/deps';
import { auditLimits } from '../../../../activities/audit/limits';
import { Gathered } from '../../../../activities/audit/suspicions';
import { type SecondLook } from '../../../../activities/audit/second-look';
import { verifyFailedRun } from '../../../../activities/audit/verify-failed-run';
import { verifyMarkedRow } from '../../../../activities/audit/verify-marked-row';
import { verifyOpenRun } from '../../../../activities/audit/verify-open-run';
import { verifyPending } from '../../../../activities/audit/verify-pending';
import { OutboxesInAudit } from '../../../../activities/audit/outboxes-in-audit';
import { type AuditRow, type PgAuditRows } from '../../../../activities/audit/pg-audit-rows';
import { type DescribedRun } from '../../../../activities/audit/audit-runs';
import { type PendingActivity } from '../../../../runtime/pending-activity';

const id = '0198f3a0-0000-7000-8000-000000000001';
const nowMs = Date.UTC(2026, 0, 10);
const day = 86_400_000;

const activity = (over: Partial<PendingActivity>): PendingActivity => ({
  ...{ id: '1', name: 'notifyDeliver', queue: null, attempt: 40, failure: 'CHANNEL_UNAVAILABLE', message: null },
  ...{ lastHeartbeatMs: null, startedMs: null, nextAttemptMs: nowMs + 10_000, pause: null },
  ...over,
});
const run = (over: Partial<DescribedRun>): DescribedRun => ({
  ...{ workflowId: id, runId: 'r', workflowType: 'feedFanoutWorkflow', status: 'RUNNING', startedMs: nowMs - day / 4 },
  ...{
    priority: 'normal',
    startedFor: { eventId: id, sequence: 1 },
    activities: [],
    taskAttempt: 0,
    closedMs: null,
    notDone: [],
  },
  ...over,
});

/** A second look at a world that the test describes. */
function look(world: {
  run: DescribedRun | null;
  row?: Partial<AuditRow> | null;
  twin?: Partial<AuditRow>;
  replays?: number;
}): SecondLook {
  const row = {
    eventId: id,
    outbox: 'main',
    sequence: 1,
    publishedUs: (nowMs - day / 4) * 1_000,
    emittedUs: null,
    ...world.row,
  } as AuditRow;
  const deps = {
    runs: { describe: async () => world.run, completedReplays: async () => world.replays ?? 0 },
    outboxes: new OutboxesInAudit(
      [
        {
          outbox: 'main',
          byIds: async () => [
            // An id that was written twice has its rows in no order.
            ...(world.twin === undefined ? [] : [{ ...row, sequence: 2, ...world.twin }]),
            ...(world.row === null ? [] : [row]),
          ],
          areSameEvent: async (one: AuditRow, other: AuditRow) => one.eventType === other.eventType,
          bridges: async () => ({ alive: 1 }),
          pending: async () => [],
          progress: async () => ({ started: true, passedBy: new Set() }),
        } as unknown as PgAuditRows,
      ],
      [],
    ),
    limits: auditLimits({ settleMs: 0, graceMs: 0, claimWindowMs: 0 }),
  } as unknown as Audit;
  const times = { firstLookUs: new Map([['main', nowMs * 1_000]]), nowUs: nowMs * 1_000, retentionMs: 7 * day };
  return { deps, ...times, gathered: new Gathered(10) };
}
const seen = (known: string | null = null) => ({
  kind: 'failed_run' as const,
  eventId: id,
  evidence: 0,
  known,
  outbox: 'main',
});

describe('an id that was written twice', () => {
  const given = { deadLettered: true, publishedUs: null, lastError: 'DUPLICATE_EVENT_ID: x' };
  const marked = (world: Parameters<typeof look>[0]) =>
    verifyMarkedRow(look(world), { ...seen(), kind: 'marked_without_run' });
  const other = { eventType: 'another' };

  it('has one run, which is not the other row’s: marked, that one never happened', async () => {
    const completed = run({ status: 'COMPLETED' });
    expect(await marked({ run: completed, twin: other })).toMatch(/was started for another row of the same id/);
    // The same event, written again.
    expect(await marked({ run: completed, twin: {} })).toBeNull();
    // Nothing says that it was another event, when the row with the run is gone.
    expect(await marked({ run: run({ startedFor: { eventId: id, sequence: 7 } }), twin: other })).toBeNull();
    expect(await marked({ run: run({ startedFor: null }) })).toMatch(/is not ours/);
    expect(await marked({ run: null })).toMatch(/does not know the id/);
  });

  it('makes no finding of the row that was rightly given up', async () => {
    const suspicion = { ...seen(), kind: 'run_unmarked' as const };
    expect(await verifyPending(look({ run: run({}), twin: given }), [suspicion])).toEqual([]);
    // Its run is its own.
    expect(await verifyPending(look({ run: run({}), row: given }), [suspicion])).toMatchObject([
      { detail: 'dead-lettered (DUPLICATE_EVENT_ID), yet its run is ours' },
    ]);
  });

  it('does not hide that the run failed', async () => {
    expect(await verifyFailedRun(look({ run: run({ status: 'FAILED' }), twin: given }), seen())).toMatch(/failed/);
  });
});

describe('an open run past its budget', () => {
  const verdict = async (...activities: PendingActivity[]) => {
    const world = look({ run: run({ activities }) });
    const detail = await verifyOpenRun(world, { ...seen(), kind: 'open_past_budget' });
    return { detail, waiting: world.gathered.allExplained().find(({ kind }) => kind === 'open_waiting')?.count };
  };
  const bug = activity({ name: 'feedFanoutPages', attempt: 600, failure: 'TypeError' });

  it('is explained by an outage that is looked at', async () => {
    expect(await verdict(activity({}))).toEqual({ detail: null, waiting: 1 });
    expect(await verdict(activity({ startedMs: nowMs - 5_000, nextAttemptMs: null }))).toMatchObject({ detail: null });
  });

  it('is not explained by another activity that waits: one hides no other', async () => {
    expect((await verdict(activity({}), bug)).detail).toMatch(/feedFanoutPages, attempt 600, TypeError/);
    expect((await verdict(bug)).detail).toMatch(/TypeError/);
  });

  it('is not explained by the heartbeat of an activity that fails again and again of a bug', async () => {
    const beating = { lastHeartbeatMs: nowMs - 1_000, startedMs: nowMs - 2_000, nextAttemptMs: null };
    expect((await verdict({ ...bug, ...beating })).detail).toMatch(/TypeError/);
    expect((await verdict(activity({ failure: null, attempt: 1, ...beating }))).detail).toBeNull();
    // A worker that was killed leaves a timeout behind; its successor works on.
    expect((await verdict(activity({ failure: 'timeout', ...beating }))).detail).toBeNull();
  });

  it('is not explained by an outage that no attempt looks at any more', async () => {
    expect((await verdict(activity({ nextAttemptMs: nowMs - 3_600_000 }))).detail).toMatch(/due 2026-01-09T23/);
    // Its options were changed: the next attempt is in ten hours.
    expect((await verdict(activity({ nextAttemptMs: nowMs + 36_000_000 }))).detail).toMatch(/due 2026-01-10T10/);
  });

  it('with nothing pending has no reason at all', async () => {
    expect((await verdict()).detail).toMatch(/waits for nothing that shows/);
  });

  it('that is paused is left to the finding of that, unless another of its activities has no reason', async () => {
    const paused = activity({ pause: { by: 'ann', reason: null, sinceMs: nowMs - day } });
    expect(await verdict(paused)).toEqual({ detail: null, waiting: undefined });
    expect((await verdict(paused, bug)).detail).toMatch(/notifyDeliver, attempt 40, CHANNEL_UNAVAILABLE, paused; feed/);
  });

  it('that is gone was deleted while it was open: that stays', async () => {
    const world = look({ run: null });
    const suspicion = { ...seen('feedFanoutWorkflow open for 9 s; x'), kind: 'open_past_budget' as const };
    const once = await verifyOpenRun(world, suspicion);
    expect(once).toBe('feedFanoutWorkflow open for 9 s; x; the run is gone since, not completed');
    expect(await verifyOpenRun(world, { ...suspicion, known: once })).toBe(once);
    expect(await verifyOpenRun(world, { ...suspicion, known: null })).toBeNull();
  });
});

describe('a run that ended badly', () => {
  const terminated = run({ status: 'TERMINATED', closedMs: nowMs - day / 8 });

  it('stays a finding when Temporal has forgotten it, and when its row is gone', async () => {
    const first = await verifyFailedRun(look({ run: terminated }), seen());
    expect(first).toBe('feedFanoutWorkflow terminated, not on Kafka');
    const later = await verifyFailedRun(look({ run: null, row: { emittedUs: 1 } }), seen(first));
    expect(later).toBe('forgotten by Temporal; was: feedFanoutWorkflow terminated');
    expect(await verifyFailedRun(look({ run: null, row: { emittedUs: 1 } }), seen(later))).toBe(later);
    expect(await verifyFailedRun(look({ run: null, row: null }), seen(later))).toBe(`${later}, its row is gone`);
  });

  it('stays one while a reset of it is open, and ends when that or a replay has completed', async () => {
    const known = 'feedFanoutWorkflow terminated, not on Kafka';
    expect(await verifyFailedRun(look({ run: run({}) }), seen(known))).toBe(
      'reset and open again; was: feedFanoutWorkflow terminated, not on Kafka',
    );
    expect(await verifyFailedRun(look({ run: run({ status: 'COMPLETED' }) }), seen(known))).toBeNull();
    expect(await verifyFailedRun(look({ run: terminated, replays: 1 }), seen(known))).toBeNull();
    expect(await verifyFailedRun(look({ run: null, replays: 1 }), seen(known))).toBeNull();
  });

  it('is warned of before Temporal forgets it', async () => {
    const old = { ...terminated, closedMs: nowMs - 6.5 * day };
    expect(await verifyFailedRun(look({ run: old }), seen())).toMatch(/, Temporal forgets it at 2026-01-10T12:00/);
  });

  it('that was cancelled says what it left undone', async () => {
    const cancelled = run({ status: 'CANCELLED', closedMs: nowMs, notDone: ['notify'] });
    expect(await verifyFailedRun(look({ run: cancelled, row: { emittedUs: 1 } }), seen())).toBe(
      'feedFanoutWorkflow cancelled (not done: notify)',
    );
  });
});
