import { type Database } from '../../runtime/postgres';
import { query } from '../stores/pg-query';

// Media that a post of another author has too stays linked, to that one.
const unlink = `
  WITH gone AS (DELETE FROM nova.post_media WHERE post_id = ANY ($1::uuid[]) RETURNING post_id, media_id), freed AS (
    UPDATE nova.parked_media m SET
      post_id = other.post_id, state = CASE WHEN other.post_id IS NULL THEN 'unclaimed' ELSE 'linked' END
    FROM (SELECT DISTINCT media_id FROM gone) g LEFT JOIN LATERAL (
      SELECT p.post_id FROM nova.post_media p WHERE p.media_id = g.media_id AND NOT p.post_id = ANY ($1::uuid[]) LIMIT 1
    ) other ON true
    WHERE m.media_id = g.media_id AND m.post_id = ANY ($1::uuid[])
  ), unnamed AS (DELETE FROM nova.unnamed_claims WHERE post_id = ANY ($1::uuid[]))
  SELECT count(*)::integer AS count FROM gone`;

const retract = (chosen: string): string => `
  WITH chosen AS MATERIALIZED (${chosen}), gone AS (
    UPDATE nova.notifications SET retracted_at = now()
    WHERE id IN (SELECT id FROM chosen) AND retracted_at IS NULL
    RETURNING event_id, recipient_id
  ), ended AS (
    UPDATE nova.notification_deliveries d SET state = 'skipped', reason = 'RETRACTED'
    FROM gone WHERE d.event_id = gone.event_id AND d.recipient_id = gone.recipient_id AND d.state = 'pending'
  )
  SELECT count(*)::integer AS count FROM gone`;

// Two branches, each by its index: an OR of the two would read the whole table.
const retractAbout = retract(`
    SELECT id FROM (
      SELECT n.id FROM nova.notifications n
      WHERE n.subject_type = 'post' AND n.subject_id = ANY ($1::text[]) AND n.retracted_at IS NULL
      UNION ALL
      SELECT n.id FROM nova.content_owners o JOIN nova.notifications n ON n.subject_type = 'comment' AND n.subject_id = o.content_id::text
      WHERE o.content_type = 'comment' AND o.post_id = ANY ($1::text[]::uuid[]) AND n.retracted_at IS NULL
    ) about ORDER BY id LIMIT $2`);

const clearInbox = retract(`
    SELECT id FROM nova.notifications WHERE recipient_id = $1 AND in_app AND retracted_at IS NULL ORDER BY id DESC LIMIT $2`);

const release = `
  WITH freed AS (
    UPDATE nova.parked_media SET state = 'unclaimed' WHERE user_id = $1 AND state = 'parked' RETURNING media_id
  ), unnamed AS (DELETE FROM nova.unnamed_claims WHERE user_id = $1)
  SELECT count(*)::integer AS count FROM freed`;

/** What a deleted user left beside feeds and profile. Every method is idempotent and takes a bounded step. */
export class PgAuthorTraces {
  constructor(private readonly database: Database) {}

  /** Takes the media from these posts, and forgets what they waited for; returns how many links went. */
  unlinkMedia(postIds: readonly string[]): Promise<number> {
    return this.count(unlink, [postIds]);
  }

  /** Takes back up to `limit` notifications about these posts and their comments; returns how many: 0 means no more. */
  retractAbout(postIds: readonly string[], limit: number): Promise<number> {
    return this.count(retractAbout, [postIds, limit]);
  }

  /** Takes back up to `limit` entries of the user's own inbox; returns how many: 0 means no more. */
  clearInbox(userId: string, limit: number): Promise<number> {
    return this.count(clearInbox, [userId, limit]);
  }

  /** Gives up what the user uploaded and no post has; returns how many uploads. */
  releaseUploads(userId: string): Promise<number> {
    return this.count(release, [userId]);
  }

  private async count(text: string, values: unknown[]): Promise<number> {
    return (await query<{ count: number }>(this.database, text, values)).rows[0]?.count ?? 0;
  }
}
