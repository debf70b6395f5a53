import { runOwnerOf } from '../../contracts/run-owner';
import { groupBy } from '../../runtime/group-by';
import { type AuditRow } from './pg-audit-rows';
import { type ListedRun } from './audit-runs';
import { type AuditDeps, type AuditWindow } from './deps';
import { openBudgetMs, shortestOpenMs } from './limits';
import { type Gathered } from './suspicions';

/** A row is written before its run is started, by this much at the most, in nearly every case. */
const usualLeadUs = 24 * 3_600 * 1_000_000;

/** From runs to rows: everything started in the window has a row, and the row is marked. */
export async function checkStartedRuns(
  { rows, runs, limits }: AuditDeps,
  window: AuditWindow,
  nowUs: number,
  gathered: Gathered,
): Promise<void> {
  const [fromMs, toMs] = [window.fromUs / 1_000, window.toUs / 1_000];
  for await (const page of runs.started(fromMs, toMs)) {
    gathered.examined.runs += page.length;
    const rowOf = await rowsOf(
      rows,
      page.map(({ workflowId }) => workflowId),
      window.fromUs,
    );
    for (const run of page) {
      const { workflowId, startedMs } = run;
      const row = rowOf(workflowId, run);
      if (row === undefined) gathered.suspect('run_without_row', workflowId);
      else if (row.publishedUs === null && startedMs < nowUs / 1_000 - limits.markMs)
        gathered.suspect('run_unmarked', row.eventId, row.claimCount);
    }
  }
}

/** Runs that are open for longer than their type may be without saying why. */
export async function checkOpenRuns({ runs, limits }: AuditDeps, nowUs: number, gathered: Gathered): Promise<void> {
  const nowMs = nowUs / 1_000;
  const before = new Map([...shortestOpenMs(limits)].map(([type, ms]) => [type, nowMs - ms]));
  for await (const page of runs.openSince(before))
    for (const run of page) {
      if (!isPastBudget(run, nowMs)) continue;
      gathered.suspect('open_past_budget', run.workflowId);
      // Where the server cannot list paused activities, they are found when the budget is over.
      gathered.suspect('open_paused', run.workflowId);
    }

  function isPastBudget({ workflowType, priority, startedMs }: ListedRun, now: number): boolean {
    return now - startedMs > openBudgetMs(limits, workflowType, priority);
  }
}

/** Runs with a paused activity, whatever their age. */
export async function checkPausedRuns({ runs }: AuditDeps, gathered: Gathered): Promise<void> {
  for await (const page of runs.paused())
    for (const { workflowId } of page) gathered.suspect('open_paused', workflowId);
}

/** Runs that ended in the window without having done their work. */
export async function checkFailedRuns({ runs }: AuditDeps, window: AuditWindow, gathered: Gathered): Promise<void> {
  for await (const page of runs.endedBadly(window.fromUs / 1_000, window.toUs / 1_000))
    for (const { workflowId } of page) gathered.suspect('failed_run', workflowId);
}

/** `<event id>/replay-<n>` → the event id. */
export function eventIdOf(workflowId: string): string {
  return workflowId.split('/')[0] ?? workflowId;
}

/** Looks up the rows of these runs: first where they usually are, then, for what was not found, everywhere. */
export async function rowsOf(
  rows: Pick<AuditDeps['rows'], 'byIds'>,
  workflowIds: readonly string[],
  aroundUs: number,
): Promise<(workflowId: string, run?: ListedRun) => AuditRow | undefined> {
  const ids = [...new Set(workflowIds.map(eventIdOf))];
  const found = groupBy(await rows.byIds(ids, aroundUs - usualLeadUs), ({ eventId }) => eventId);
  const missing = ids.filter((id) => !found.has(id));
  const elsewhere = missing.length === 0 ? [] : await rows.byIds(missing);
  for (const [id, same] of groupBy(elsewhere, ({ eventId }) => eventId)) found.set(id, same);
  return (workflowId, run) => rowOfRun(found.get(eventIdOf(workflowId)) ?? [], run);
}

/** An id may have been written twice: of its rows the one that the run was started for, else the first. */
export function rowOfRun(rows: readonly AuditRow[], run: ListedRun | null | undefined): AuditRow | undefined {
  return rows.find((row) => run != null && runOwnerOf(run, row) === 'ours') ?? rows[0];
}
