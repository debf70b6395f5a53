import { type AuditRecord } from './audit-records';
import { type AuditRow } from './pg-audit-rows';
import { firstId } from './check-rows';
import { rowsOf } from './check-runs';
import { type AuditDeps, type AuditWindow } from './deps';
import { IdSet } from './id-set';
import { type Gathered } from './suspicions';

const pageSize = 1_000;

/**
 * Between rows and Kafka, both ways. Returns up to where they were compared, epoch microseconds.
 * @throws NovaError KAFKA_UNAVAILABLE
 */
export async function checkRecords(deps: AuditDeps, window: AuditWindow, gathered: Gathered): Promise<number> {
  const { records, rows, limits } = deps;
  const onKafka = new IdSet();
  // A record is older than its mark: by the time of a send, and by the difference of two clocks.
  const sinceMs = Math.floor(window.recordsFromUs / 1_000) - limits.marginMs;
  let again = 0;
  const twice: string[] = [];
  const missing = new Set<string>();

  const { completeFromMs } = await records.read(sinceMs, async (batch) => {
    gathered.examined.records += batch.length;
    for (let from = 0; from < batch.length; from += pageSize) await compare(batch.slice(from, from + pageSize));
  });
  gathered.explained('redelivered', again, twice);
  await marksWithoutRecord(Math.max(window.recordsFromUs, (completeFromMs + limits.marginMs) * 1_000));
  await suspectMissing();
  return window.toUs;

  async function compare(batch: readonly AuditRecord[]): Promise<void> {
    const rowOf = await rowsOf(
      rows,
      batch.map(({ eventId }) => eventId),
      sinceMs * 1_000,
    );
    for (const { eventId, timestampMs } of batch) {
      const isNew = onKafka.add(eventId);
      const row = rowOf(eventId);
      if (row === undefined) gathered.suspect('record_without_row', eventId);
      else if (isSecondSending(row, timestampMs, isNew)) gathered.suspect('emitted_twice', eventId, timestampMs);
      else if (!isNew) {
        again += 1;
        if (twice.length < 3) twice.push(eventId);
      }
    }
  }

  /** After its mark. Alone, a record shows it only if the first is older than what was read; else its clock was wrong. */
  function isSecondSending({ emittedUs }: AuditRow, timestampMs: number, isNew: boolean): boolean {
    if (emittedUs === null) return false;
    const markedMs = emittedUs / 1_000;
    return timestampMs > markedMs + limits.marginMs && (!isNew || markedMs < sinceMs);
  }

  /** A second reading, only if something is missing: the group may have been unsettled during the first. */
  async function suspectMissing(): Promise<void> {
    if (missing.size === 0) return;
    await records.read(sinceMs, async (batch) => batch.forEach(({ eventId }) => missing.delete(eventId)));
    for (const eventId of missing) gathered.suspect('emitted_without_record', eventId);
  }

  async function marksWithoutRecord(fromUs: number): Promise<void> {
    if (fromUs > window.recordsFromUs && window.recordsFromUs > 0 && completeFromMs > sinceMs)
      gathered.notes.push(`Kafka keeps nothing from before ${new Date(completeFromMs).toISOString()}`);
    for (let afterUs = fromUs, afterId = firstId; ;) {
      const page = await rows.emitted({ afterUs, afterId, toUs: window.toUs, limit: pageSize });
      const last = page.at(-1);
      if (last === undefined) return;
      for (const { eventId } of page)
        if (!onKafka.has(eventId) && missing.size < limits.maxSuspicions) missing.add(eventId);
      if (page.length < pageSize) return;
      [afterUs, afterId] = [last.emittedUs ?? window.toUs, last.eventId];
    }
  }
}
