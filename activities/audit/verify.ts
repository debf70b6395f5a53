import { type FindingKind } from '../../contracts/audit-kinds';
import { type Finding } from './pg-audit-store';
import { eventIdOf } from './check-runs';
import { type SecondLook, type Verify, rowsOfEvent } from './second-look';
import { verifyFailedRun } from './verify-failed-run';
import { verifyMarkedRow } from './verify-marked-row';
import { verifyOpenRun, verifyPausedRun } from './verify-open-run';
import { verifyFeed } from './verify-feed';
import { verifyPending } from './verify-pending';
import { instantText } from './instant-text';

/** Describes and row reads under way at once: after a disaster there are thousands of suspicions. */
const atOnce = 8;

/** The kinds of pending rows are distinguished by the second look, so they are looked at together. */
const pendingKinds: readonly FindingKind[] = ['stuck', 'lease_over', 'run_unmarked'];

/** Looks at every suspicion again, directly: rows by id, runs by describe. Returns what is really there. */
export async function verifyAll(look: SecondLook): Promise<Finding[]> {
  const all = look.gathered.all();
  const pending = all.filter(({ kind }) => pendingKinds.includes(kind));
  const queue = all.filter(({ kind }) => !pendingKinds.includes(kind));
  const findings = await verifyPending(look, pending);
  const worker = async (): Promise<void> => {
    for (let suspicion = queue.pop(); suspicion !== undefined; suspicion = queue.pop()) {
      const { kind, eventId } = suspicion;
      const detail = await verifiers[kind as keyof typeof verifiers](look, suspicion);
      if (detail !== null) findings.push({ kind, eventId, detail });
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return findings;
}

const verifiers: Record<Exclude<FindingKind, 'stuck' | 'lease_over' | 'run_unmarked'>, Verify> = {
  marked_without_run: verifyMarkedRow,

  async run_without_row({ deps }, { eventId, known }) {
    const id = eventIdOf(eventId);
    if ((await rowsOfEvent(deps, id)).length > 0) return null;
    const run = await deps.runs.describe(eventId);
    // A stranger's run that is gone does not bring the row back that was lost.
    if (run === null) return known;
    const whose = run.startedFor?.eventId === id ? 'ours: its row is gone' : 'not ours';
    return `${run.workflowType} started ${new Date(run.startedMs).toISOString()}, ${run.status.toLowerCase()}; ${whose}`;
  },

  async two_runs({ deps }, { eventId, known }) {
    const runs = await deps.runs.withIds([eventId]);
    const chains = await Promise.all(runs.map(({ runId }) => deps.runs.chainOf(eventId, runId)));
    const distinct = new Set(chains.filter((chain) => chain !== null));
    // Temporal forgets the first before the second: that there were two stays so.
    if (distinct.size === 0) return known;
    return distinct.size > 1 ? `chains that begin with the runs ${[...distinct].sort().join(', ')}` : null;
  },

  open_past_budget: verifyOpenRun,
  open_paused: verifyPausedRun,
  failed_run: verifyFailedRun,
  feed_differs: verifyFeed,

  async lost_emit({ deps }, { eventId }) {
    const rows = await rowsOfEvent(deps, eventId);
    const row = rows.find((one) => one.emittedUs === null && one.publishedUs !== null && !one.deadLettered);
    if (row === undefined) return null;
    const run = await deps.runs.describe(eventId);
    // Open: it emits yet, and has a budget of its own. Failed: counted as that.
    if (run !== null && run.status !== 'COMPLETED') return null;
    return `marked ${instantText(row.publishedUs ?? 0)}; ${run === null ? 'Temporal has forgotten its run' : 'its run is completed'}`;
  },

  async emitted_twice({ deps }, { eventId, evidence, known }) {
    const emittedUs = await lastEmitOf(deps, eventId);
    if (emittedUs === null) return null;
    // What was sent stays sent: a person must acknowledge it.
    if (known !== null && evidence === 0) return known;
    if (evidence <= emittedUs / 1_000 + deps.limits.marginMs) return null;
    return `marked ${instantText(emittedUs)}, sent again ${new Date(evidence).toISOString()}`;
  },

  async emitted_without_record({ deps }, { eventId }) {
    const emittedUs = await lastEmitOf(deps, eventId);
    return emittedUs === null ? null : `marked ${instantText(emittedUs)}; no message on Kafka`;
  },

  async record_without_row({ deps }, { eventId }) {
    return (await rowsOfEvent(deps, eventId)).length === 0 ? 'on Kafka; no row' : null;
  },
};

/** Null: no row of this id is marked as emitted. */
async function lastEmitOf(deps: SecondLook['deps'], eventId: string): Promise<number | null> {
  const marks = (await rowsOfEvent(deps, eventId)).flatMap(({ emittedUs }) => emittedUs ?? []);
  return marks.length === 0 ? null : Math.max(...marks);
}
