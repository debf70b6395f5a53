import { type NotificationKind } from '../../contracts/notification-kinds';

/** What one call of a retraction statement did. */
export interface RetractedRow {
  readonly retracted: number;
  /** Rows looked at: as many as the limit means that there may be more. */
  readonly chosen: number;
}

/** Sequences of events of other services say nothing of earlier and later. */
const before = `($3::bigint IS NULL OR (sequence < $3 AND kind = ANY ($5::text[])))`;
const live = `retracted_at IS NULL AND ${before}`;
/**
 * The same as `retracted_at IS NULL`, in words that fit no partial index. Where a key finds the rows, the planner must not
 * be tempted: in a table without statistics it takes the live rows for few and reads a whole index of them as well.
 */
const isLive = `coalesce(retracted_at, 'infinity') = 'infinity'`;

/**
 * Which rows each retraction means; $1 and $2 name it, $3 is a sequence or null, $4 the limit, $5 the
 * kinds that the sequence is compared with. One index each: a condition
 * that two indexes serve by halves reads the whole table. Without an order, since the planner may prefer to walk the key
 * of the table in that order and discard all other people's rows.
 */
const choices = {
  event: `SELECT id FROM nova.notifications WHERE event_id = $1::uuid AND $2::text IS NULL AND ${isLive} AND ${before} LIMIT $4`,
  reaction: `
    SELECT id FROM nova.notifications WHERE item_type = 'reaction' AND item_id = $1::text AND $2::text IS NULL AND ${live} LIMIT $4`,
  actor: `SELECT id FROM nova.notifications WHERE actor_id = $1::uuid AND $2::text IS NULL AND ${live} LIMIT $4`,
  follow: `
    SELECT id FROM nova.notifications
    WHERE kind = 'follow.received' AND actor_id = $1::uuid AND recipient_id = $2::text::uuid AND ${live} LIMIT $4`,
  subject: `SELECT id FROM nova.notifications WHERE subject_type = $2 AND subject_id = $1::text AND ${live} LIMIT $4`,
  // What hangs on a post's comments goes with the post. The inner LIMIT keeps it one probe of the index per comment.
  commentsOf: `
    SELECT n.id FROM nova.content_owners o CROSS JOIN LATERAL (
      SELECT id FROM nova.notifications
      WHERE subject_type = 'comment' AND subject_id = o.content_id::text AND ${live} LIMIT $4
    ) n
    WHERE o.content_type = 'comment' AND o.post_id = $1::text::uuid AND $2::text IS NULL LIMIT $4`,
} as const;

export type Choice = keyof typeof choices;

/**
 * Takes back up to $4 notifications and gives up their pending deliveries. Locked in order of their ids, so that two
 * retractions side by side wait for each other instead of deadlocking. By arrays: the planner then takes them for few.
 */
export const retractStatement = (choice: Choice): string => `
  WITH chosen AS MATERIALIZED (${choices[choice]}), locked AS MATERIALIZED (
    SELECT id FROM nova.notifications
    WHERE id = ANY (ARRAY (SELECT id FROM chosen)) AND ${isLive} ORDER BY id FOR UPDATE
  ), gone AS (
    UPDATE nova.notifications SET retracted_at = now()
    WHERE id = ANY (ARRAY (SELECT id FROM locked)) AND ${isLive}
    RETURNING event_id, recipient_id
  ), ended AS (
    UPDATE nova.notification_deliveries d SET state = 'skipped', reason = 'RETRACTED'
    FROM gone WHERE d.event_id = gone.event_id AND d.recipient_id = gone.recipient_id AND d.state = 'pending'
  )
  SELECT (SELECT count(*) FROM gone)::int AS retracted, (SELECT count(*) FROM chosen)::int AS chosen`;

/**
 * Of several live notices that say the same (a reaction put on again, a follow that came twice) the newest event's stays. Each
 * writer looks after its own write was committed, so the last to look sees all. $1: who was notified; $2: id of the item, or of the actor.
 * The rest stands in the text, since the partial indexes that serve it have constants.
 */
export function newestStays(kind: NotificationKind, single: 'item' | 'actor', itemType: string): string {
  if (!/^[a-z_]+$/.test(itemType)) throw new Error(`not a type of an item: ${itemType}`);
  const same = single === 'item' ? `item_type = '${itemType}' AND item_id = $2::text` : 'actor_id = $2::uuid';
  const alike = `kind = '${kind}' AND ${same} AND recipient_id = $1 AND retracted_at IS NULL`;
  return `
  UPDATE nova.notifications SET retracted_at = now()
  WHERE ${alike} AND sequence < (SELECT max(sequence) FROM nova.notifications WHERE ${alike})`;
}
