import { type Database } from '../../runtime/postgres';
import { type OpenRuns } from './partitions';

const batchEvents = 500;

/**
 * Events with a delivery that no open run will end: one claimed long ago, whose sender is gone, or one pending from before the
 * retention. A younger pending one is left alone: a reset of the run, or a replay, still sends it.
 * $1 open runs, $2 retention in days
 */
const selectCandidates = `
  SELECT d.event_id AS id FROM nova.notification_deliveries d
  WHERE ((d.state = 'claimed' AND d.claimed_at < clock_timestamp() - interval '1 hour')
      OR (d.state = 'pending' AND d.created_at < clock_timestamp() - make_interval(days => $2)))
    AND NOT EXISTS (SELECT FROM unnest($1::uuid[]) AS open (id) WHERE open.id = d.event_id)
  GROUP BY d.event_id ORDER BY min(d.created_at) LIMIT ${batchEvents}`;

const endClaimed = `
  UPDATE nova.notification_deliveries SET state = 'unknown', reason = 'SENDER_DIED'
  WHERE event_id = ANY ($1::uuid[]) AND state = 'claimed' AND claimed_at < clock_timestamp() - interval '1 hour'`;

const endPending = `
  UPDATE nova.notification_deliveries SET state = 'skipped', reason = 'RUN_ENDED'
  WHERE event_id = ANY ($1::uuid[]) AND state = 'pending' AND created_at < clock_timestamp() - make_interval(days => $2)`;

export interface EndedDeliveries {
  /** Claimed by a sender that is gone: sent or not, no process knows. */
  readonly unknown: number;
  /** Never sent. A replay of the event opens them again. */
  readonly skipped: number;
  /** Events of these, a few. */
  readonly examples: readonly string[];
  readonly more: boolean;
}

/**
 * Ends the deliveries of runs that have ended (terminated, cancelled, deleted, forgotten): only the same event's run would, and
 * while they are open their partition is kept. `isOpen` asks Temporal directly, about each run and its replays, since the list of open runs is
 * late; what it does not know stays.
 */
export async function endDeliveries(
  database: Database,
  options: {
    readonly retentionDays: number;
    readonly openRuns: OpenRuns;
    readonly isOpen: (eventId: string) => Promise<boolean>;
    readonly between: () => Promise<void>;
  },
): Promise<EndedDeliveries> {
  const { retentionDays, openRuns } = options;
  if (openRuns === 'unknown') return { unknown: 0, skipped: 0, examples: [], more: false };
  const { rows } = await database.query<{ id: string }>(selectCandidates, [openRuns, retentionDays]);
  const ended: string[] = [];
  for (const [at, { id }] of rows.entries()) {
    if (at % 50 === 0) await options.between();
    if (!(await options.isOpen(id))) ended.push(id);
  }
  const unknown = await database.query(endClaimed, [ended]);
  const skipped = await database.query(endPending, [ended, retentionDays]);
  return {
    unknown: unknown.rowCount ?? 0,
    skipped: skipped.rowCount ?? 0,
    examples: ended.slice(0, 3),
    more: rows.length === batchEvents,
  };
}
