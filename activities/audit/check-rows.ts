import { runOwnerOf } from '../../contracts/run-owner';
import { groupBy } from '../../runtime/group-by';
import { rememberedMs } from '../../runtime/temporal-retention';
import { leastUuid } from '../../runtime/uuid';
import { type AuditRow, type PgAuditRows } from './pg-audit-rows';
import { type ListedRun } from './audit-runs';
import { type Audit, type AuditWindow } from './deps';
import { type AuditLimits, retentionMarginHours } from './limits';
import { type Gathered } from './suspicions';

/** Ids in one visibility query. */
const pageSize = 500;

/** From rows to runs: everything marked in the window has exactly one chain of runs. */
export function checkMarkedRows({ outboxes, runs }: Audit, window: AuditWindow, gathered: Gathered): Promise<unknown> {
  return outboxes.each(async (rows) => {
    const own = window.outboxes.get(rows.outbox)!;
    const rememberedFromUs = own.toUs - rememberedMs(retentionMarginHours, window.retentionMs) * 1_000;
    const fromUs = Math.max(own.fromUs, rememberedFromUs);
    if (fromUs > own.fromUs)
      gathered.note('rows older than the retention of the namespace were not compared with runs');
    for (let afterUs = fromUs, afterId = leastUuid; ;) {
      const page = await rows.marked({ afterUs, afterId, toUs: own.toUs, limit: pageSize });
      const last = page.at(-1);
      if (last === undefined) return;
      gathered.examined.rows += page.length;
      compare(page, await runs.withIds(page.map(({ eventId }) => eventId)), gathered);
      if (page.length < pageSize) return;
      [afterUs, afterId] = [last.publishedUs ?? own.toUs, last.eventId];
    }
  });

  function compare(page: readonly AuditRow[], listed: readonly ListedRun[], into: Gathered): void {
    const byId = groupBy(listed, ({ workflowId }) => workflowId);
    for (const row of page) {
      const { eventId, outbox } = row;
      const found = byId.get(eventId) ?? [];
      if (!found.some((run) => runOwnerOf(run, row) === 'ours'))
        into.suspect('marked_without_run', eventId, { outbox });
      // A continuation is the same run to us; so is a reset, which the second look distinguishes.
      const chains = found.filter(({ status }) => status !== 'CONTINUED_AS_NEW');
      if (chains.length > 1) into.suspect('two_runs', eventId, { outbox });
    }
  }
}

/** Rows that are marked as started, but not on Kafka though their budget for it is over, and no open run will send them. */
export function checkUnemittedRows(
  { outboxes, runs, limits }: Audit,
  window: AuditWindow,
  gathered: Gathered,
): Promise<unknown> {
  return outboxes.each(async (rows) => {
    const { outbox } = rows;
    const beforeUs = window.outboxes.get(outbox)!.nowUs - limits.emitMs * 1_000;
    for (let afterUs = 0, afterId = leastUuid; ;) {
      const page = await rows.unemitted({ afterUs, afterId, beforeUs, limit: pageSize });
      const last = page.at(-1);
      if (last === undefined) return;
      const listed = await runs.withIds(page.map(({ eventId }) => eventId));
      const open = new Set(listed.filter(({ status }) => status === 'RUNNING').map(({ workflowId }) => workflowId));
      for (const { eventId } of page) if (!open.has(eventId)) gathered.suspect('lost_emit', eventId, { outbox });
      if (page.length < pageSize) return;
      [afterUs, afterId] = [last.publishedUs ?? beforeUs, last.eventId];
    }
  });
}

/** Rows that are pending past their budget: counted by the reason that shows, suspected where none does. */
export async function checkPendingRows({ outboxes, limits }: Audit, gathered: Gathered): Promise<void> {
  const pendingLimits = pendingLimitsOf(limits);
  const look = async (rows: PgAuditRows) => {
    const bridges = await rows.bridges();
    return {
      outbox: rows.outbox,
      counts: await rows.pendingCounts(bridges, pendingLimits),
      unexplained: await rows.unexplainedPending(bridges, pendingLimits, frontOfLane),
      dead: await rows.deadLetters(),
    };
  };
  for (const { outbox, counts, unexplained, dead } of await outboxes.each(look)) {
    for (const { reason, count, examples } of counts)
      if (reason !== 'none') gathered.explained('waiting', outbox, count, examples);
    for (const { eventId, claimCount: evidence } of unexplained)
      gathered.suspect('stuck', eventId, { evidence, outbox });
    gathered.explained('dead_letter', outbox, dead.count, dead.examples);
  }
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
