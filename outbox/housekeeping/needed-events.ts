import { oneLine } from '../../runtime/errors';
import { type Logger } from '../../runtime/logger';
import { type Database } from '../../runtime/postgres';

/** Ids of events whose outbox rows State still needs, or 'unknown': State does not reply, or there are more than can be read. */
export type NeededEvents = EventsOfState | 'unknown';

interface EventsOfState {
  /** With a delivery that is not over. */
  readonly openDeliveries: readonly string[];
  /** Whose run ended badly, and neither a better run nor a person has ended that: a replay needs the row. */
  readonly failedRuns: readonly string[];
}

/**
 * As many as the open runs that are read. A delivery that waits has an open run, so an outage that leaves more of them leaves
 * more runs too, and no day is dropped then whatever is here.
 */
const mostEvents = 100_000;

/** $1 at most */
const selectOpenDeliveries = `
  SELECT DISTINCT event_id::text AS id FROM nova.notification_deliveries WHERE state IN ('pending', 'claimed') LIMIT $1`;

/** $1 at most */
const selectFailedRuns = `
  SELECT left(f.event_id, 36)::uuid::text AS id FROM nova.audit_findings f
  WHERE f.kind = 'failed_run' AND f.resolved_at IS NULL AND f.acknowledged_at IS NULL AND f.event_id ~ '^[0-9a-f-]{36}'
  LIMIT $1`;

/**
 * Asks State which events it still needs. However young the delivery is: a run that was reset or replayed lately makes a young one
 * of an old event.
 */
export async function readNeededEvents(
  state: Database,
  { atMost = mostEvents, logger }: { readonly atMost?: number; readonly logger?: Logger } = {},
): Promise<NeededEvents> {
  const read = async (sql: string): Promise<string[]> =>
    (await state.query<{ id: string }>(sql, [atMost + 1])).rows.map(({ id }) => id);
  try {
    const needed = { openDeliveries: await read(selectOpenDeliveries), failedRuns: await read(selectFailedRuns) };
    return Object.values(needed).some((ids) => ids.length > atMost) ? 'unknown' : needed;
  } catch (thrown) {
    // Whatever it is: a day that is out already is put back, and the next turn asks again.
    logger?.warn({ error: oneLine(thrown) }, 'State does not say which events it needs: no day of an outbox goes');
    return 'unknown';
  }
}
