import { type FindingKind } from '../../contracts/audit-kinds';
import { type Finding } from './pg-audit-store';
import { eventIdOf, outboxOfRun } from './check-runs';
import { type Audit } from './deps';
import { type SecondLook, type Verify, rowsOfEvent } from './second-look';
import { type Suspicion } from './suspicions';
import { verifyFailedRun } from './verify-failed-run';
import { verifyMarkedRow } from './verify-marked-row';
import { verifyOpenRun, verifyPausedRun } from './verify-open-run';
import { verifyFeed } from './verify-feed';
import { verifyPending } from './verify-pending';
import { type RowOfRun } from '../../contracts/run-owner';
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
  const found = await verifyPending(look, pending);
  const findings = found.filter((finding) => !isOutOfSight(look, finding));
  // What was known of an outbox that cannot be read stays as it is; what is suspected there is left to the next audit.
  const keep = ({ kind, eventId, known: detail, outbox }: Suspicion) => {
    if (detail !== null) findings.push({ kind, eventId, detail, outbox });
  };
  pending.filter((one) => isOutOfSight(look, one)).forEach(keep);
  const worker = async (): Promise<void> => {
    for (let suspicion = queue.pop(); suspicion !== undefined; suspicion = queue.pop()) {
      const { kind, eventId, outbox } = suspicion;
      const seen = isOutOfSight(look, suspicion)
        ? null
        : await verifiers[kind as keyof typeof verifiers](look, suspicion);
      // Looked at again: the look itself may have failed.
      if (isOutOfSight(look, suspicion)) keep(suspicion);
      else if (seen !== null)
        findings.push({ kind, eventId, outbox, ...(typeof seen === 'string' ? { detail: seen } : seen) });
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return findings;
}

/** Kinds that Temporal alone decides. */
const ofRunsAlone: readonly FindingKind[] = ['two_runs', 'open_past_budget', 'open_paused'];

/** Whether the outbox that could say something of it cannot be read. */
function isOutOfSight(
  { deps: { outboxes } }: SecondLook,
  { kind, outbox }: { readonly kind: FindingKind; readonly outbox?: string | undefined },
): boolean {
  if (ofRunsAlone.includes(kind)) return false;
  return outbox === undefined ? !outboxes.isComplete : !outboxes.isReadable(outbox);
}

const verifiers: Record<Exclude<FindingKind, 'stuck' | 'lease_over' | 'run_unmarked'>, Verify> = {
  marked_without_run: verifyMarkedRow,

  async run_without_row(look, { eventId, known, outbox }) {
    const { deps } = look;
    const id = eventIdOf(eventId);
    if ((await rowsOfEvent(deps, { eventId: id, outbox })).length > 0) return null;
    if (await isDiscarded(look, id, outbox)) return null;
    const run = await deps.runs.describe(eventId);
    // A stranger's run that is gone does not bring the row back that was lost.
    if (run === null) return known;
    const whose = run.startedFor?.eventId === id ? ofLostRow(deps, run.startedFor, outbox) : 'not ours';
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

  async lost_emit({ deps }, suspicion) {
    const { eventId } = suspicion;
    const rows = await rowsOfEvent(deps, suspicion);
    const row = rows.find((one) => one.emittedUs === null && one.publishedUs !== null && !one.deadLettered);
    if (row === undefined) return null;
    const run = await deps.runs.describe(eventId);
    // Open: it emits yet, and has a budget of its own. Failed: counted as that.
    if (run !== null && run.status !== 'COMPLETED') return null;
    return `marked ${instantText(row.publishedUs ?? 0)}; ${run === null ? 'Temporal has forgotten its run' : 'its run is completed'}`;
  },

  async emitted_twice({ deps }, suspicion) {
    const { evidence, known } = suspicion;
    const emittedUs = await lastEmitOf(deps, suspicion);
    if (emittedUs === null) return null;
    // What was sent stays sent: a person must acknowledge it.
    if (known !== null && evidence === 0) return known;
    if (evidence <= emittedUs / 1_000 + deps.limits.marginMs) return null;
    return `marked ${instantText(emittedUs)}, sent again ${new Date(evidence).toISOString()}`;
  },

  async emitted_without_record({ deps }, suspicion) {
    const emittedUs = await lastEmitOf(deps, suspicion);
    return emittedUs === null ? null : `marked ${instantText(emittedUs)}; no message on Kafka`;
  },

  async record_without_row(look, suspicion) {
    const { deps, gathered } = look;
    if ((await rowsOfEvent(deps, suspicion)).length > 0) return null;
    if (await isDiscarded(look, suspicion.eventId, suspicion.outbox)) return null;
    const run = await deps.runs.describe(suspicion.eventId);
    const outbox = run === null ? undefined : outboxOfRun(run);
    if (outbox === undefined || deps.outboxes.isKnown(outbox))
      return { detail: `on Kafka; no row${restored(deps.outboxes, outbox)}`, outbox: outbox ?? suspicion.outbox };
    gathered.ofUnknownOutbox(outbox, suspicion.eventId);
    return null;
  },
};

/** By the act of a person, which explains it. */
async function isDiscarded(
  { deps, gathered }: SecondLook,
  eventId: string,
  outbox: string | undefined,
): Promise<boolean> {
  const found = await deps.outboxes.each(async (rows) => {
    const asked = outbox === undefined || outbox === rows.outbox;
    return { rows, gone: asked && (await rows.wasDiscarded(eventId)) };
  });
  const act = found.find(({ gone }) => gone);
  if (act !== undefined) gathered.explained('discarded', act.rows.outbox, 1, [eventId]);
  return act !== undefined;
}

function ofLostRow({ outboxes }: Audit, { sequence }: RowOfRun, outbox: string | undefined): string {
  if (!outboxes.areSeveral) return 'ours: its row is gone';
  return `ours: its row, sequence ${sequence}, is gone${restored(outboxes, outbox)}`;
}

/** What is the likeliest where one service of several has its own database. */
function restored(outboxes: Audit['outboxes'], outbox: string | undefined): string {
  return outbox === undefined || !outboxes.areSeveral ? '' : `: was the database of the outbox ${outbox} restored?`;
}

/** Null: no row of this id is marked as emitted. */
async function lastEmitOf(deps: Audit, suspicion: Suspicion): Promise<number | null> {
  const marks = (await rowsOfEvent(deps, suspicion)).flatMap(({ emittedUs }) => emittedUs ?? []);
  return marks.length === 0 ? null : Math.max(...marks);
}
