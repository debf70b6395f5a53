import {
  type AuditKind,
  type AuditReport,
  type AuditRequest,
  type FindingKind,
  auditKinds,
  forgottenSoon,
} from '../../contracts/audit-kinds';
import { NovaError } from '../../contracts/failures';
import { rememberedMs } from '../../runtime/temporal-retention';
import { type Finding } from './pg-audit-store';
import { checkFeeds } from './check-feeds';
import { checkRecords } from './check-records';
import { checkMarkedRows, checkPendingRows, checkUnemittedRows } from './check-rows';
import { checkFailedRuns, checkOpenRuns, checkPausedRuns, checkStartedRuns } from './check-runs';
import { checkSignals } from './check-signals';
import { type AuditDeps, type AuditWindow } from './deps';
import { retentionMarginHours } from './limits';
import { Gathered } from './suspicions';
import { verifyAll } from './verify';
import { instantText } from './instant-text';

export interface AuditOrder extends AuditRequest {
  readonly auditId: string;
  readonly origin: 'schedule' | 'demand';
  /** Called between two pieces of work; throws to end the audit. */
  readonly onProgress?: (at: { step: string; rows: number; runs: number; records: number; feeds: number }) => void;
}

/** Open findings of earlier audits that are looked at again; more than this are not a list any more but a disaster. */
const maxOpenFindings = 5_000;

/**
 * One audit: compares rows, runs and Kafka in a window, both ways; waits; looks again at everything that seemed wrong, and
 * at what earlier audits found; and writes down what is really there. Reads only, in pages, with no transaction, and may
 * run beside another audit.
 */
export async function runAudit(deps: AuditDeps, order: AuditOrder): Promise<AuditReport> {
  const began = performance.now();
  const { rows, store, limits } = deps;
  const gathered = new Gathered(limits.maxSuspicions);
  const progress = (step: string) => order.onProgress?.({ step, ...gathered.examined });
  const window = await windowOf(deps, order);

  progress('open findings');
  const known = await store.open(maxOpenFindings);
  await suspectAgain(deps, known, gathered);
  const nowUs = await rows.nowUs();
  progress('rows');
  await checkMarkedRows(deps, window, gathered);
  await checkPendingRows(deps, gathered);
  await checkUnemittedRows(deps, nowUs, gathered);
  await checkSignals(deps, gathered);
  progress('runs');
  await checkStartedRuns(deps, window, nowUs, gathered);
  await checkOpenRuns(deps, nowUs, gathered);
  await checkPausedRuns(deps, gathered);
  await checkFailedRuns(deps, window, gathered);
  progress('feeds');
  await checkFeeds(deps, gathered);
  progress('records');
  const recordsToUs = await checkRecords(deps, window, gathered).catch((thrown: unknown) => {
    if (!(thrown instanceof NovaError) || thrown.code !== 'KAFKA_UNAVAILABLE') throw thrown;
    // Kafka's absence must not keep the audit from the rest; the next one begins where the last reading ended.
    gathered.notes.push(`Kafka was not compared: ${thrown.message}`);
    return null;
  });

  const firstLookUs = await rows.nowUs();
  progress('second look');
  if (gathered.all().length > 0) await deps.sleep(limits.graceMs);
  const seenUs = await rows.nowUs();
  const findings = await verifyAll({
    ...{ deps, firstLookUs, nowUs: seenUs, gathered },
    retentionMs: window.retentionMs,
  });
  await store.record(findings, seenUs);
  warnOfForgetting(findings, gathered);
  const still = new Set(findings.map(keyOf));
  await store.resolve(
    known.filter((finding) => !still.has(keyOf(finding))),
    seenUs,
  );

  const report = await reportOf(deps, order, window, gathered, performance.now() - began);
  await store.close(report, order.origin, recordsToUs);
  progress('done');
  return report;
}

/**
 * From where the last scheduled audit ended, with an overlap for what commits late and for clocks; or as asked for. An end
 * that lies ahead of the clock was written before the clock was set back: what was marked since has times from before that
 * end, so the audit looks back as far as the first one there is.
 */
async function windowOf({ rows, runs, store, limits }: AuditDeps, { sinceMs }: AuditOrder): Promise<AuditWindow> {
  const nowUs = await rows.nowUs();
  const retentionMs = await runs.retentionMs();
  const toUs = nowUs - limits.settleMs * 1_000;
  const marks = sinceMs === undefined ? await store.watermarks() : null;
  const firstUs = nowUs - (sinceMs ?? limits.firstWindowMs) * 1_000;
  const oldestUs = sinceMs === undefined ? nowUs - rememberedMs(retentionMarginHours, retentionMs) * 1_000 : firstUs;
  const begin = (markUs: number | null | undefined) =>
    Math.min(Math.max(markUs == null || markUs > nowUs ? firstUs : markUs - limits.marginMs * 1_000, oldestUs), toUs);
  return { fromUs: begin(marks?.toUs), toUs, recordsFromUs: begin(marks?.recordsToUs), retentionMs };
}

/** A run that is known can be reset; once Temporal has forgotten it, only a replay is left. */
function warnOfForgetting(findings: readonly Finding[], gathered: Gathered): void {
  const soon = findings.filter(({ detail }) => detail.includes(forgottenSoon));
  if (soon.length === 0) return;
  const examples = soon.slice(0, 3).map(({ eventId }) => eventId);
  gathered.notes.push(`${soon.length} badly ended runs are forgotten by Temporal soon: ${examples.join(', ')}`);
}

/** What earlier audits found is suspected again, whether the window covers it or not: that is how findings end. */
async function suspectAgain({ rows }: AuditDeps, known: readonly Finding[], gathered: Gathered): Promise<void> {
  const found = await rows.byIds(known.map(({ eventId }) => eventId));
  const claims = new Map(found.map((row) => [row.eventId, row.claimCount]));
  const hasClaims: readonly FindingKind[] = ['stuck', 'lease_over', 'run_unmarked'];
  for (const { kind, eventId, detail } of known)
    gathered.suspect(kind, eventId, hasClaims.includes(kind) ? (claims.get(eventId) ?? 0) : 0, detail);
}

async function reportOf(
  { store }: AuditDeps,
  { auditId }: AuditOrder,
  window: AuditWindow,
  gathered: Gathered,
  tookMs: number,
): Promise<AuditReport> {
  const counts: Partial<Record<AuditKind, number>> = {};
  const examples: Partial<Record<AuditKind, readonly string[]>> = {};
  let unexplained = 0;
  let waitForPerson = 0;
  const open = await store.counts();
  const found = open.map(({ kind, ...rest }) => [kind, rest] as const);
  for (const [kind, { count, examples: ids }] of [...found, ...gathered.allExplained()]) {
    counts[kind] = count;
    examples[kind] = ids;
    if (auditKinds[kind].class === 'unexplained') unexplained += count;
    if (auditKinds[kind].class === 'person') waitForPerson += count;
  }
  return {
    auditId,
    from: instantText(window.fromUs),
    to: instantText(window.toUs),
    examined: { ...gathered.examined },
    counts,
    examples,
    unexplained,
    waitForPerson,
    notOnKafka: open.reduce((sum, { notOnKafka }) => sum + notOnKafka, 0),
    notes: gathered.notes,
    tookMs: Math.round(tookMs),
  };
}

function keyOf({ kind, eventId }: Finding): string {
  return `${kind} ${eventId}`;
}
