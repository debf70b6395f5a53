import { type FindingKind } from '../../contracts/audit-kinds';
import { rememberedMs } from '../../runtime/temporal-retention';
import { type Finding } from './audit-book';
import { eventIdOf } from './check-runs';
import { retentionMarginHours } from './limits';
import { type SecondLook, type Verify, rowOf } from './second-look';
import { verifyFailedRun } from './verify-failed-run';
import { verifyOpenRun, verifyPausedRun } from './verify-open-run';
import { verifyFeed } from './verify-feed';
import { verifyPending } from './verify-pending';

/** Describes and row reads under way at once: a disaster has thousands of suspicions. */
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
  async marked_without_run({ deps, nowUs, retentionMs }, { eventId, known }) {
    const row = await rowOf(deps, eventId);
    // What Temporal was found not to know stays a finding when it could have forgotten it by now.
    if (row === undefined) return known;
    if (row.publishedUs === null) return null;
    if (known === null && row.publishedUs < nowUs - rememberedMs(retentionMarginHours, retentionMs) * 1_000)
      return null;
    const run = await deps.runs.describe(eventId);
    if (run?.ours === true || (await deps.runs.completedReplays(eventId)) > 0) return null;
    return `marked ${rfc3339(row.publishedUs)}; ${run === null ? 'Temporal does not know the id' : 'the run of this id is not ours'}`;
  },

  async run_without_row({ deps }, { eventId, known }) {
    if ((await rowOf(deps, eventIdOf(eventId))) !== undefined) return null;
    const run = await deps.runs.describe(eventId);
    // A stranger's run that is gone does not bring the row back that was lost.
    if (run === null) return known;
    const whose = run.ours ? 'ours: its row is gone' : 'not ours';
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
    const row = await rowOf(deps, eventId);
    if (row === undefined || row.emittedUs !== null || row.publishedUs === null || row.deadLettered) return null;
    const run = await deps.runs.describe(eventId);
    // Open: it emits yet, and has a budget of its own. Failed: counted as that.
    if (run !== null && run.status !== 'COMPLETED') return null;
    return `marked ${rfc3339(row.publishedUs)}; ${run === null ? 'Temporal has forgotten its run' : 'its run is completed'}`;
  },

  async emitted_twice({ deps }, { eventId, evidence, known }) {
    const row = await rowOf(deps, eventId);
    if (row === undefined || row.emittedUs === null) return null;
    // What was sent stays sent: a person must acknowledge it.
    if (known !== null && evidence === 0) return known;
    if (evidence <= row.emittedUs / 1_000 + deps.limits.marginMs) return null;
    return `marked ${rfc3339(row.emittedUs)}, sent again ${new Date(evidence).toISOString()}`;
  },

  async emitted_without_record({ deps }, { eventId }) {
    const row = await rowOf(deps, eventId);
    if (row === undefined || row.emittedUs === null) return null;
    return `marked ${rfc3339(row.emittedUs)}; no message on Kafka`;
  },

  async record_without_row({ deps }, { eventId }) {
    return (await rowOf(deps, eventId)) === undefined ? 'on Kafka; no row' : null;
  },
};

function rfc3339(us: number): string {
  return new Date(us / 1_000).toISOString();
}
