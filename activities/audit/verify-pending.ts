import { type FindingKind } from '../../contracts/audit-kinds';
import { runOwnerOf } from '../../contracts/run-owner';
import { type Finding } from './pg-audit-store';
import { type PendingRow, type PgAuditRows } from './pg-audit-rows';
import { frontOfLane, pendingLimitsOf } from './check-rows';
import { type Audit } from './deps';
import { type Suspicion } from './suspicions';
import { type SecondLook } from './second-look';
import { instantText } from './instant-text';

/**
 * The second look at pending rows. One counts when it has not moved since the first look, still nothing says why, and it
 * should have moved: it is among the first of its priority, and either nothing at all was started meanwhile or the claim
 * passed it by. Otherwise there is a queue, and it has its place in it.
 */
export async function verifyPending(look: SecondLook, suspicions: readonly Suspicion[]): Promise<Finding[]> {
  const found = await look.deps.outboxes.each((rows) =>
    verifyIn(
      look,
      rows,
      suspicions.filter(({ outbox = rows.outbox }) => outbox === rows.outbox),
    ),
  );
  return found.flat();
}

async function verifyIn(look: SecondLook, rows: PgAuditRows, suspicions: readonly Suspicion[]): Promise<Finding[]> {
  if (suspicions.length === 0) return [];
  const { deps, firstLookUs, gathered } = look;
  const ids = [...new Set(suspicions.map(({ eventId }) => eventId))];
  const claimsBefore = new Map(suspicions.map(({ eventId, evidence }) => [eventId, evidence]));
  const bridges = await rows.bridges();
  const pending = await rows.pending(ids, bridges, pendingLimitsOf(deps.limits));
  const { started, passedBy } = await rows.progress(ids, firstLookUs.get(rows.outbox) ?? 0);

  const findings: Finding[] = await deadLettersWithRun(
    deps,
    rows,
    suspicions,
    new Set(pending.map(({ eventId }) => eventId)),
  );
  for (const row of pending) {
    const moved = row.claimCount !== claimsBefore.get(row.eventId);
    const queued = bridges.alive > 0 && (row.ahead >= frontOfLane || (started && !passedBy.has(row.eventId)));
    if (row.reason !== 'none' || (moved && row.claimCount < deps.limits.maxClaims) || queued) {
      if (row.reason === 'none') gathered.explained('waiting', row.outbox, 1, [row.eventId]);
      continue;
    }
    findings.push(await findingOf(look, row, bridges.alive));
  }
  return findings;
}

async function findingOf({ deps, nowUs }: SecondLook, row: PendingRow, bridgesAlive: number): Promise<Finding> {
  const { eventId, outbox } = row;
  const finding = (kind: FindingKind, detail: string): Finding => ({ eventId, kind, detail, outbox });
  const run = await deps.runs.describe(eventId);
  if (run !== null && runOwnerOf(run, row) === 'ours' && run.startedMs < nowUs / 1_000 - deps.limits.markMs)
    return finding('run_unmarked', `run started ${new Date(run.startedMs).toISOString()}, row not marked`);
  if (row.leaseUntilUs !== null && bridgesAlive === 0)
    return finding('lease_over', `lease ended ${instantText(row.leaseUntilUs)}, no bridge is alive`);
  const since = instantText(row.createdUs);
  if (bridgesAlive === 0) return finding('stuck', `pending since ${since}, no bridge is alive`);
  const claims = row.claimCount > 0 ? `, claimed ${row.claimCount} times` : '';
  const error = row.lastError === null ? '' : `, last error ${row.lastError.split(':')[0]}`;
  return finding('stuck', `pending since ${since}${claims}${error}; ${bridgesAlive} bridges pass it by`);
}

/** Given up before its start, although Temporal has the run: the start was accepted after all. */
async function deadLettersWithRun(
  { runs }: Audit,
  rows: PgAuditRows,
  suspicions: readonly Suspicion[],
  pending: ReadonlySet<string>,
): Promise<Finding[]> {
  const others = suspicions.filter(({ kind, eventId }) => kind === 'run_unmarked' && !pending.has(eventId));
  const findings: Finding[] = [];
  for (const row of await rows.byIds(others.map(({ eventId }) => eventId))) {
    if (!row.deadLettered || row.publishedUs !== null) continue;
    const run = await runs.describe(row.eventId);
    // The run of an id that was written twice is the other row's: this one was rightly given up.
    if (run === null || runOwnerOf(run, row) !== 'ours') continue;
    const why = row.lastError?.split(':')[0] ?? 'no reason';
    findings.push({
      eventId: row.eventId,
      kind: 'run_unmarked',
      detail: `dead-lettered (${why}), yet its run is ours`,
      outbox: row.outbox,
    });
  }
  return findings;
}
