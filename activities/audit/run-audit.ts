import {
  type AuditKind,
  type AuditReport,
  type AuditRequest,
  type FindingKind,
  type FoundInOutbox,
  auditKinds,
  forgottenSoon,
} from '../../contracts/audit-kinds';
import { NovaError } from '../../contracts/failures';
import { type Finding, type Watermarks } from './pg-audit-store';
import { checkFeeds } from './check-feeds';
import { checkRecords } from './check-records';
import { checkMarkedRows, checkPendingRows, checkUnemittedRows } from './check-rows';
import { checkFailedRuns, checkOpenRuns, checkPausedRuns, checkStartedRuns } from './check-runs';
import { checkSignals } from './check-signals';
import { type Audit, type AuditDeps, type AuditWindow } from './deps';
import { OutboxesInAudit } from './outboxes-in-audit';
import { Gathered } from './suspicions';
import { verifyAll } from './verify';
import { instantText } from './instant-text';
import { windowOf } from './windows';

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
export async function runAudit(given: AuditDeps, order: AuditOrder): Promise<AuditReport> {
  const began = performance.now();
  const { store, limits } = given;
  const gathered = new Gathered(limits.maxSuspicions);
  const outboxes = new OutboxesInAudit(given.outboxes, gathered.notes);
  const deps: Audit = { ...given, outboxes };
  const progress = (step: string) => order.onProgress?.({ step, ...gathered.examined });
  const window = await windowOf(deps, order.sinceMs);

  progress('open findings');
  const known = await store.open(maxOpenFindings);
  await suspectAgain(deps, known, gathered);
  const nowUs = await store.nowUs();
  progress('rows');
  await checkMarkedRows(deps, window, gathered);
  await checkPendingRows(deps, gathered);
  await checkUnemittedRows(deps, window, gathered);
  await checkSignals(deps, gathered);
  progress('runs');
  await checkStartedRuns(deps, window, nowUs, gathered);
  await checkOpenRuns(deps, nowUs, gathered);
  await checkPausedRuns(deps, gathered);
  await checkFailedRuns(deps, window, gathered);
  progress('feeds');
  await checkFeeds(deps, gathered);
  progress('records');
  const recordsTo = await checkRecords(deps, window, gathered).catch((thrown: unknown) => {
    if (!(thrown instanceof NovaError) || thrown.code !== 'KAFKA_UNAVAILABLE') throw thrown;
    // Kafka's absence must not keep the audit from the rest; the next one begins where the last reading ended.
    gathered.notes.push(`Kafka was not compared: ${thrown.message}`);
    return null;
  });

  const firstLookUs = new Map(
    await outboxes.each(async (rows): Promise<[string, number]> => [rows.outbox, await rows.nowUs()]),
  );
  progress('second look');
  if (gathered.all().length > 0) await deps.sleep(limits.graceMs);
  const seenUs = await store.nowUs();
  const findings = await verifyAll({
    ...{ deps, firstLookUs, nowUs: seenUs, gathered },
    retentionMs: window.retentionMs,
  });
  await store.record(findings, seenUs);
  warnOfForgetting(deps, findings, gathered);
  const still = new Set(findings.map(keyOf));
  await store.resolve(
    known.filter((finding) => !still.has(keyOf(finding))),
    seenUs,
  );

  gathered.noteUnknownOutboxes();
  const report = await reportOf(deps, order, window, gathered, performance.now() - began);
  await store.close(report, order.origin, recordsTo === null ? null : window.toUs);
  if (order.origin === 'schedule') await store.keepMarks(marksOf(deps, window, recordsTo));
  progress('done');
  return report;
}

/** Up to where each outbox was compared. One that could not be read to the end is compared from where it was before. */
function marksOf(
  { outboxes }: Audit,
  window: AuditWindow,
  recordsTo: ReadonlyMap<string, number> | null,
): ReadonlyMap<string, Watermarks> {
  return new Map(
    outboxes.readable.map(({ outbox }) => [
      outbox,
      { toUs: window.outboxes.get(outbox)!.toUs, recordsToUs: recordsTo?.get(outbox) ?? null },
    ]),
  );
}

/** A run that is known can be reset; once Temporal has forgotten it, only a replay is left. */
function warnOfForgetting({ outboxes }: Audit, findings: readonly Finding[], gathered: Gathered): void {
  const soon = findings.filter(({ detail }) => detail.includes(forgottenSoon));
  if (soon.length === 0) return;
  const examples = soon
    .slice(0, 3)
    .map(({ eventId, outbox }) => (outboxes.areSeveral && outbox !== undefined ? `${eventId} of ${outbox}` : eventId));
  gathered.notes.push(`${soon.length} badly ended runs are forgotten by Temporal soon: ${examples.join(', ')}`);
}

/** What earlier audits found is suspected again, whether the window covers it or not: that is how findings end. */
async function suspectAgain({ outboxes }: Audit, known: readonly Finding[], gathered: Gathered): Promise<void> {
  const found = await outboxes.byIds(known.map(({ eventId }) => eventId));
  const claims = new Map(found.map((row) => [row.eventId, row.claimCount]));
  const hasClaims: readonly FindingKind[] = ['stuck', 'lease_over', 'run_unmarked'];
  for (const { kind, eventId, detail, outbox } of known)
    gathered.suspect(kind, eventId, {
      ...{ evidence: hasClaims.includes(kind) ? (claims.get(eventId) ?? 0) : 0, known: detail },
      outbox,
    });
}

async function reportOf(
  { store, outboxes }: Audit,
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
  const found = open.map(({ kind, outbox, count, examples: ids }): FoundInOutbox => ({
    ...{ kind, outbox, count, examples: ids },
  }));
  const byOutbox = [...found, ...gathered.allExplained()];
  for (const { kind, count, examples: ids } of byOutbox) {
    counts[kind] = (counts[kind] ?? 0) + count;
    examples[kind] = [...(examples[kind] ?? []), ...ids].slice(0, 3);
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
    byOutbox,
    unexplained,
    waitForPerson,
    notOnKafka: open.reduce((sum, { notOnKafka }) => sum + notOnKafka, 0),
    notes: gathered.notes,
    ...(outboxes.isComplete ? {} : { notRead: outboxes.notRead }),
    tookMs: Math.round(tookMs),
  };
}

function keyOf({ kind, eventId }: Finding): string {
  return `${kind} ${eventId}`;
}
