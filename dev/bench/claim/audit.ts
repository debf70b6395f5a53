import { type Pool } from 'pg';
import { PgAuditRows } from '../../../activities/audit/pg-audit-rows';
import { frontOfLane, pendingLimitsOf } from '../../../activities/audit/check-rows';
import { oneLine } from '../../../runtime/errors';
import { leastUuid } from '../../../runtime/uuid';
import { auditLimits } from '../../../activities/audit/limits';

const noBridges = { alive: 0, outages: [], pausedSpellings: [] };

/** How long each question of the audit about rows took, milliseconds; without limit when it failed, which is said. */
export async function timeAudit(pool: Pool): Promise<Record<string, number>> {
  const rows = new PgAuditRows(pool);
  const limits = pendingLimitsOf(auditLimits({ settleMs: 60_000, graceMs: 30_000, claimWindowMs: 3_600_000 }));
  const took: Record<string, number> = {};
  const timed = async <T>(name: string, otherwise: T, work: () => Promise<T>): Promise<T> => {
    const begun = performance.now();
    try {
      const result = await work();
      took[name] = performance.now() - begun;
      return result;
    } catch (thrown) {
      process.stderr.write(`audit: ${name}: ${oneLine(thrown)}\n`);
      took[name] = Infinity;
      return otherwise;
    }
  };
  const nowUs = await rows.nowUs();
  const page = { afterUs: nowUs - 90 * 86_400 * 1e6, afterId: leastUuid, limit: 500 };
  const bridges = await timed('bridges', noBridges, () => rows.bridges());
  await timed('pending rows, counted by reason', [], () => rows.pendingCounts(bridges, limits));
  const stuck = await timed('pending rows without a reason', [], () =>
    rows.unexplainedPending(bridges, limits, frontOfLane),
  );
  const ids = stuck.map(({ eventId }) => eventId);
  const marked = await timed('a page of marked rows', [], () => rows.marked({ ...page, toUs: nowUs }));
  await timed('a page of emitted rows', [], () => rows.emitted({ ...page, toUs: nowUs }));
  await timed('a page of rows not emitted', [], () => rows.unemitted({ ...page, beforeUs: nowUs }));
  await timed('a page of rows by id', [], () => rows.byIds(marked.map(({ eventId }) => eventId)));
  await timed('pending rows looked at again', [], () => rows.pending(ids, bridges, limits));
  await timed<unknown>('progress since', undefined, () => rows.progress(ids, nowUs - 60 * 1e6));
  await timed<unknown>('dead letters', undefined, () => rows.deadLetters());
  return took;
}
