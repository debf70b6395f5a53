import { rememberedMs } from '../../runtime/temporal-retention';
import { type Audit, type AuditWindow, type OutboxWindow } from './deps';
import { retentionMarginHours } from './limits';
import { type Watermarks } from './pg-audit-store';

/**
 * From where the last scheduled audit ended, with an overlap for what commits late and for clocks; or as asked for. An end
 * that lies ahead of the clock was written before the clock was set back: what was marked since has times from before that
 * end, so the audit looks back as far as the first one there is.
 *
 * Each outbox has its own: one that could not be read for a day is compared for that day, and the others are not again.
 */
export async function windowOf({ outboxes, runs, store, limits }: Audit, sinceMs?: number): Promise<AuditWindow> {
  const retentionMs = await runs.retentionMs();
  const toUs = (await store.nowUs()) - limits.settleMs * 1_000;
  const marks = new Map<string, Watermarks | null>();
  for (const { outbox } of sinceMs === undefined ? outboxes.readable : [])
    marks.set(outbox, await store.watermarks(outbox));
  const windows = await outboxes.each(async (rows): Promise<[string, OutboxWindow]> => [
    rows.outbox,
    windowOfOutbox(await rows.nowUs(), marks.get(rows.outbox) ?? null),
  ]);
  const fromUs = Math.min(toUs, ...windows.map(([, window]) => window.fromUs));
  return { fromUs, toUs, retentionMs, outboxes: new Map(windows) };

  function windowOfOutbox(nowUs: number, mark: Watermarks | null): OutboxWindow {
    const endUs = nowUs - limits.settleMs * 1_000;
    const firstUs = nowUs - (sinceMs ?? limits.firstWindowMs) * 1_000;
    const oldestUs = sinceMs === undefined ? nowUs - rememberedMs(retentionMarginHours, retentionMs) * 1_000 : firstUs;
    const begin = (markUs: number | null | undefined) =>
      Math.min(
        Math.max(markUs == null || markUs > nowUs ? firstUs : markUs - limits.marginMs * 1_000, oldestUs),
        endUs,
      );
    return { nowUs, fromUs: begin(mark?.toUs), toUs: endUs, recordsFromUs: begin(mark?.recordsToUs) };
  }
}
