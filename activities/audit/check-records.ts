import { leastUuid } from '../../runtime/uuid';
import { type AuditRecord } from './audit-records';
import { type AuditRow, type PgAuditRows } from './pg-audit-rows';
import { rowsOf } from './check-runs';
import { type Audit, type AuditWindow } from './deps';
import { IdSet } from './id-set';
import { type Gathered } from './suspicions';

const pageSize = 1_000;

/**
 * Between rows and Kafka, both ways. The messages of all outboxes are in the same topics. Returns up to where the rows of each outbox
 * were compared, epoch microseconds of its database.
 * @throws NovaError KAFKA_UNAVAILABLE
 */
export async function checkRecords(
  { records, outboxes, limits }: Audit,
  window: AuditWindow,
  gathered: Gathered,
): Promise<ReadonlyMap<string, number>> {
  const onKafka = new IdSet();
  const firstUs = Math.min(window.toUs, ...[...window.outboxes.values()].map(({ recordsFromUs }) => recordsFromUs));
  // A record is older than its mark: by the time of a send, and by the difference of two clocks.
  const sinceMs = Math.floor(firstUs / 1_000) - limits.marginMs;
  const missing = new Map<string, string>();

  const { completeFromMs } = await records.read(sinceMs, async (batch) => {
    gathered.examined.records += batch.length;
    for (let from = 0; from < batch.length; from += pageSize) await compare(batch.slice(from, from + pageSize));
  });
  const compared = await outboxes.each(async (rows): Promise<[string, number]> => {
    await marksWithoutRecord(rows);
    return [rows.outbox, window.outboxes.get(rows.outbox)!.toUs];
  });
  await suspectMissing();
  return new Map(compared);

  async function compare(batch: readonly AuditRecord[]): Promise<void> {
    const rowOf = await rowsOf(
      outboxes,
      batch.map(({ eventId }) => ({ id: eventId })),
      sinceMs * 1_000,
    );
    for (const { eventId, timestampMs } of batch) {
      const isNew = onKafka.add(eventId);
      const row = rowOf(eventId);
      if (row === undefined) {
        // Where an outbox cannot be read, the row may be there.
        if (outboxes.isComplete) gathered.suspect('record_without_row', eventId);
      } else if (isSecondSending(row, timestampMs, isNew))
        gathered.suspect('emitted_twice', eventId, { evidence: timestampMs, outbox: row.outbox });
      else if (!isNew) gathered.explained('redelivered', row.outbox, 1, [eventId]);
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
    for (const [eventId, outbox] of missing) gathered.suspect('emitted_without_record', eventId, { outbox });
  }

  async function marksWithoutRecord(rows: PgAuditRows): Promise<void> {
    const { recordsFromUs, toUs } = window.outboxes.get(rows.outbox)!;
    const fromUs = Math.max(recordsFromUs, (completeFromMs + limits.marginMs) * 1_000);
    if (fromUs > recordsFromUs && recordsFromUs > 0 && completeFromMs > sinceMs)
      gathered.note(`Kafka keeps nothing from before ${new Date(completeFromMs).toISOString()}`);
    for (let afterUs = fromUs, afterId = leastUuid; ;) {
      const page = await rows.emitted({ afterUs, afterId, toUs, limit: pageSize });
      const last = page.at(-1);
      if (last === undefined) return;
      for (const { eventId } of page)
        if (!onKafka.has(eventId) && missing.size < limits.maxSuspicions) missing.set(eventId, rows.outbox);
      if (page.length < pageSize) return;
      [afterUs, afterId] = [last.emittedUs ?? toUs, last.eventId];
    }
  }
}
