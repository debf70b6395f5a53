import { runOwnerOf } from '../../contracts/run-owner';
import { rememberedMs } from '../../runtime/temporal-retention';
import { retentionMarginHours } from './limits';
import { type SecondLook, rowsOfEvent } from './second-look';
import { type Suspicion } from './suspicions';
import { instantText } from './instant-text';

/**
 * A row that is marked as started has a run of its own, or is the same event as the row that has one: written twice, it is
 * started once. Two different events of one id have one run between them, so one of them never happened.
 */
export async function verifyMarkedRow(
  { deps, nowUs, retentionMs }: SecondLook,
  { eventId, known }: Suspicion,
): Promise<string | null> {
  const rows = await rowsOfEvent(deps, eventId);
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
    // Where the row that has the run is gone, nothing says that this one was another event.
    if (whose === 'twin' && (owner === undefined || (await deps.rows.areSameEvent(row, owner)))) continue;
    if ((await deps.runs.completedReplays(eventId)) > 0) return null;
    return `marked ${instantText(publishedUs)}; ${saying[whose]}`;
  }
  return null;
}

const saying = {
  unknown: 'Temporal does not know the id',
  foreign: 'the run of this id is not ours',
  twin: 'the run of this id was started for another row of the same id, which is another event',
};
