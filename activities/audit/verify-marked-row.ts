import { outboxOf } from '../../contracts/outbox-name';
import { runOwnerOf } from '../../contracts/run-owner';
import { rememberedMs } from '../../runtime/temporal-retention';
import { retentionMarginHours } from './limits';
import { type Audit } from './deps';
import { type AuditRow } from './pg-audit-rows';
import { type SecondLook, rowsOfEvent } from './second-look';
import { type Suspicion } from './suspicions';
import { instantText } from './instant-text';

/**
 * A row that is marked as started has a run of its own, or is the same event as the row that has one: written twice, it is
 * started once. Two different events of one id have one run between them, so one of them never happened.
 */
export async function verifyMarkedRow(
  { deps, nowUs, retentionMs }: SecondLook,
  suspicion: Suspicion,
): Promise<string | null> {
  const { eventId, known } = suspicion;
  const rows = await rowsOfEvent(deps, suspicion);
  // What Temporal was found not to know stays a finding when it could have forgotten it by now.
  if (rows.length === 0) return known;
  const forgottenUs = nowUs - rememberedMs(retentionMarginHours, retentionMs) * 1_000;
  const marked = rows.flatMap((row) => {
    const { publishedUs } = row;
    return publishedUs !== null && (known !== null || publishedUs >= forgottenUs) ? [{ row, publishedUs }] : [];
  });
  if (marked.length === 0) return null;
  const run = await deps.runs.describe(eventId);
  const owner = rows.find((row) => run !== null && runOwnerOf(run, row) === 'ours');
  for (const { row, publishedUs } of marked) {
    const whose = run === null ? 'unknown' : runOwnerOf(run, row);
    if (whose === 'ours') continue;
    const ofOutbox = run?.startedFor == null ? row.outbox : outboxOf(run.startedFor);
    // Where the row that has the run is gone, nothing says that this one was another event.
    if (whose === 'twin' && ofOutbox === row.outbox && (owner === undefined || (await areSame(deps, row, owner))))
      continue;
    if ((await deps.runs.completedReplays(eventId)) > 0) return null;
    const elsewhere = ofOutbox === row.outbox ? null : `the run of this id is of a row in the outbox ${ofOutbox}`;
    return `marked ${instantText(publishedUs)}; ${elsewhere ?? saying[whose]}`;
  }
  return null;
}

/** In one outbox; a row in another is never the same event. */
async function areSame({ outboxes }: Audit, row: AuditRow, owner: AuditRow): Promise<boolean> {
  if (row.outbox !== owner.outbox) return false;
  const same = await outboxes.each(async (rows) => rows.outbox === row.outbox && (await rows.areSameEvent(row, owner)));
  return same.includes(true);
}

const saying = {
  unknown: 'Temporal does not know the id',
  foreign: 'the run of this id is not ours',
  twin: 'the run of this id was started for another row of the same id, which is another event',
};
