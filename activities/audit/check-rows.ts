import { runOwnerOf } from '../../contracts/run-owner';
import { groupBy } from '../../runtime/group-by';
import { rememberedMs } from '../../runtime/temporal-retention';
import { type AuditRow } from './pg-audit-rows';
import { type ListedRun } from './audit-runs';
import { type AuditDeps, type AuditWindow } from './deps';
import { type AuditLimits, retentionMarginHours } from './limits';
import { type Gathered } from './suspicions';

/** Ids in one visibility query. */
const pageSize = 500;
export const firstId = '00000000-0000-0000-0000-000000000000';

/** From rows to runs: everything marked in the window has exactly one chain of runs. */
export async function checkMarkedRows(
  { rows, runs }: AuditDeps,
  window: AuditWindow,
  gathered: Gathered,
): Promise<void> {
  const rememberedFromUs = window.toUs - rememberedMs(retentionMarginHours, window.retentionMs) * 1_000;
  const fromUs = Math.max(window.fromUs, rememberedFromUs);
  if (fromUs > window.fromUs)
    gathered.notes.push('rows older than the retention of the namespace were not compared with runs');
  for (let afterUs = fromUs, afterId = firstId; ;) {
    const page = await rows.marked({ afterUs, afterId, toUs: window.toUs, limit: pageSize });
    const last = page.at(-1);
    if (last === undefined) return;
    gathered.examined.rows += page.length;
    compare(page, await runs.withIds(page.map(({ eventId }) => eventId)), gathered);
    if (page.length < pageSize) return;
    [afterUs, afterId] = [last.publishedUs ?? window.toUs, last.eventId];
  }

  function compare(page: readonly AuditRow[], listed: readonly ListedRun[], into: Gathered): void {
    const byId = groupBy(listed, ({ workflowId }) => workflowId);
    for (const row of page) {
      const found = byId.get(row.eventId) ?? [];
      if (!found.some((run) => runOwnerOf(run, row) === 'ours')) into.suspect('marked_without_run', row.eventId);
      // A continuation is the same run to us; so is a reset, which the second look distinguishes.
      const chains = found.filter(({ status }) => status !== 'CONTINUED_AS_NEW');
      if (chains.length > 1) into.suspect('two_runs', row.eventId);
    }
  }
}

/** Rows that are marked as started, but not on Kafka though their budget for it is over, and no open run will send them. */
export async function checkUnemittedRows(
  { rows, runs, limits }: AuditDeps,
  nowUs: number,
  gathered: Gathered,
): Promise<void> {
  const beforeUs = nowUs - limits.emitMs * 1_000;
  for (let afterUs = 0, afterId = firstId; ;) {
    const page = await rows.unemitted({ afterUs, afterId, beforeUs, limit: pageSize });
    const last = page.at(-1);
    if (last === undefined) return;
    const listed = await runs.withIds(page.map(({ eventId }) => eventId));
    const open = new Set(listed.filter(({ status }) => status === 'RUNNING').map(({ workflowId }) => workflowId));
    for (const { eventId } of page) if (!open.has(eventId)) gathered.suspect('lost_emit', eventId);
    if (page.length < pageSize) return;
    [afterUs, afterId] = [last.publishedUs ?? beforeUs, last.eventId];
  }
}

/** Rows that are pending past their budget: counted by the reason that shows, suspected where none does. */
export async function checkPendingRows(deps: AuditDeps, gathered: Gathered): Promise<void> {
  const { rows, limits } = deps;
  const bridges = await rows.bridges();
  const pendingLimits = pendingLimitsOf(limits);
  for (const { reason, count, examples } of await rows.pendingCounts(bridges, pendingLimits))
    if (reason !== 'none') gathered.explained('waiting', count, examples);
  for (const row of await rows.unexplainedPending(bridges, pendingLimits, frontOfLane))
    gathered.suspect('stuck', row.eventId, row.claimCount);
  const dead = await rows.deadLetters();
  gathered.explained('dead_letter', dead.count, dead.examples);
}

/** The claim takes these of a priority first, so what does not move here is stuck; what comes later has its place in a queue. */
export const frontOfLane = 50;

export function pendingLimitsOf(limits: AuditLimits) {
  const { critical, high, normal, low } = limits.pendingMs;
  return {
    budgetUs: [critical, high, normal, low].map((ms) => ms * 1_000),
    leaseMarginUs: limits.markMs * 1_000,
    maxClaims: limits.maxClaims,
  };
}
