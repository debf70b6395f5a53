import { outboxOf } from '../../contracts/outbox-name';
import { runOwnerOf } from '../../contracts/run-owner';
import { groupBy } from '../../runtime/group-by';
import { type AuditRow } from './pg-audit-rows';
import { type ListedRun } from './audit-runs';
import { type Audit, type AuditWindow } from './deps';
import { openBudgetMs, shortestOpenMs } from './limits';
import { type OutboxesInAudit } from './outboxes-in-audit';
import { type Gathered } from './suspicions';

/** A row is written before its run is started, by this much at the most, in nearly every case. */
const usualLeadUs = 24 * 3_600 * 1_000_000;

/** From runs to rows: everything started in the window has a row, and the row is marked. */
export async function checkStartedRuns(
  { outboxes, runs, limits }: Audit,
  window: AuditWindow,
  nowUs: number,
  gathered: Gathered,
): Promise<void> {
  const [fromMs, toMs] = [window.fromUs / 1_000, window.toUs / 1_000];
  for await (const page of runs.started(fromMs, toMs)) {
    gathered.examined.runs += page.length;
    const judged = page.filter((run) => isJudged(run));
    const rowOf = await rowsOf(
      outboxes,
      judged.map((run) => ({ id: eventIdOf(run.workflowId), outbox: outboxOfRun(run) })),
      window.fromUs,
    );
    for (const run of judged) {
      const { workflowId, startedMs } = run;
      const outbox = outboxOfRun(run);
      const row = rowOf(workflowId, run);
      if (row !== undefined) {
        if (row.publishedUs === null && startedMs < nowUs / 1_000 - limits.markMs)
          gathered.suspect('run_unmarked', row.eventId, { evidence: row.claimCount, outbox: row.outbox });
      } else if (outbox === undefined ? outboxes.isComplete : outboxes.isReadable(outbox))
        gathered.suspect('run_without_row', workflowId, { outbox });
    }
  }

  /** Whether the row of the run can be looked at. */
  function isJudged(run: ListedRun): boolean {
    const outbox = outboxOfRun(run);
    if (outbox === undefined || outboxes.isReadable(outbox)) return true;
    if (!outboxes.isKnown(outbox)) gathered.ofUnknownOutbox(outbox, run.workflowId);
    return false;
  }
}

/** The outbox that the run was started for; undefined: it does not say. */
export function outboxOfRun({ startedFor }: Pick<ListedRun, 'startedFor'>): string | undefined {
  return startedFor === null ? undefined : outboxOf(startedFor);
}

/** Runs that are open for longer than their type may be without saying why. */
export async function checkOpenRuns({ runs, limits }: Audit, nowUs: number, gathered: Gathered): Promise<void> {
  const nowMs = nowUs / 1_000;
  const before = new Map([...shortestOpenMs(limits)].map(([type, ms]) => [type, nowMs - ms]));
  for await (const page of runs.openSince(before))
    for (const run of page) {
      if (!isPastBudget(run, nowMs)) continue;
      gathered.suspect('open_past_budget', run.workflowId, { outbox: outboxOfRun(run) });
      // Where the server cannot list paused activities, they are found when the budget is over.
      gathered.suspect('open_paused', run.workflowId, { outbox: outboxOfRun(run) });
    }

  function isPastBudget({ workflowType, priority, startedMs }: ListedRun, now: number): boolean {
    return now - startedMs > openBudgetMs(limits, workflowType, priority);
  }
}

/** Runs with a paused activity, whatever their age. */
export async function checkPausedRuns({ runs }: Audit, gathered: Gathered): Promise<void> {
  for await (const page of runs.paused())
    for (const run of page) gathered.suspect('open_paused', run.workflowId, { outbox: outboxOfRun(run) });
}

/** Runs that ended in the window without having done their work. */
export async function checkFailedRuns({ runs }: Audit, window: AuditWindow, gathered: Gathered): Promise<void> {
  for await (const page of runs.endedBadly(window.fromUs / 1_000, window.toUs / 1_000))
    for (const run of page) gathered.suspect('failed_run', run.workflowId, { outbox: outboxOfRun(run) });
}

/** `<event id>/replay-<n>` → the event id. */
export function eventIdOf(workflowId: string): string {
  return workflowId.split('/')[0] ?? workflowId;
}

/** An event, and the outbox that has its row; undefined: any may have it. */
interface WantedRow {
  readonly id: string;
  readonly outbox?: string | undefined;
}

/**
 * Looks up the rows of these events: first where they usually are, then, for what was not found, everywhere. An outbox is asked for its
 * own, and for those of which it is not known whose they are.
 */
export async function rowsOf(
  outboxes: Pick<OutboxesInAudit, 'each'>,
  wanted: readonly WantedRow[],
  aroundUs: number,
): Promise<(workflowId: string, run?: ListedRun) => AuditRow | undefined> {
  const look = async (at: readonly WantedRow[], createdSinceUs?: number) =>
    outboxes.each((rows) => {
      const theirs = at.filter(({ outbox }) => outbox === undefined || outbox === rows.outbox);
      return rows.byIds([...new Set(theirs.map(({ id }) => id))], createdSinceUs);
    });
  const found = groupBy((await look(wanted, aroundUs - usualLeadUs)).flat(), ({ eventId }) => eventId);
  const missing = wanted.filter(({ id }) => !found.has(id));
  const elsewhere = missing.length === 0 ? [] : (await look(missing)).flat();
  for (const [id, same] of groupBy(elsewhere, ({ eventId }) => eventId)) found.set(id, same);
  return (workflowId, run) => rowOfRun(found.get(eventIdOf(workflowId)) ?? [], run);
}

/**
 * An id may have been written twice: of its rows the one that the run was started for, else one that was started; never one of another outbox
 * than the run names.
 */
export function rowOfRun(rows: readonly AuditRow[], run: ListedRun | null | undefined): AuditRow | undefined {
  const outbox = run == null ? undefined : outboxOfRun(run);
  const theirs = outbox === undefined ? rows : rows.filter((row) => row.outbox === outbox);
  const own = theirs.find((row) => run != null && runOwnerOf(run, row) === 'ours');
  return own ?? theirs.find(({ publishedUs }) => publishedUs !== null) ?? theirs[0];
}
