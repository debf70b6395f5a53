import { type Pool } from 'pg';
import { leastUuid } from '../../runtime/uuid';
import { type Delivery, type Evidence, type OutboxRow, type PostStateRow, type ProfileRow } from '../checks/evidence';

const pageSize = 5_000;

const outboxPage = `
  SELECT id, extract(epoch FROM published_at)::float8 * 1000 AS "publishedAtMs",
    extract(epoch FROM emitted_at)::float8 * 1000 AS "emittedAtMs",
    extract(epoch FROM dead_lettered_at)::float8 * 1000 AS "deadLetteredAtMs", retry_count AS "retryCount",
    last_error AS "lastError", lease_token IS NOT NULL OR lease_until IS NOT NULL AS leased
  FROM nova.outbox_events WHERE id > $1 ORDER BY id LIMIT ${pageSize}`;
const notices = `
  SELECT event_id AS "eventId", recipient_id AS "recipientId", kind, in_app AS "inApp",
    retracted_at IS NOT NULL AS retracted, subject_type AS "subjectType", subject_id AS "subjectId"
  FROM nova.notifications`;
const deliveries = `
  SELECT event_id AS "eventId", recipient_id AS "recipientId", channel, state FROM nova.notification_deliveries`;
const links = 'SELECT post_id AS "postId", media_id AS "mediaId", event_id AS "eventId" FROM nova.post_media';
const postStates = `
  SELECT post_id AS "postId", author_id AS "authorId", status, summary <> '{}' AS says, EXISTS (
    SELECT FROM nova.tombstones t WHERE t.final AND ((t.subject_type = 'post' AND t.subject_id = p.post_id::text)
      OR (t.subject_type = 'user' AND t.subject_id = p.author_id::text))) AS forbidden
  FROM nova.post_states p`;
const profiles = `
  SELECT user_id AS "userId", state, num_nonnulls(username, display_name, avatar_url, email) > 0 AS named
  FROM nova.user_profiles`;

/** Every outbox row, page by page, whatever wrote it. */
export async function readOutbox(pool: Pool, onPage: (count: number) => void = () => undefined): Promise<OutboxRow[]> {
  const rows: OutboxRow[] = [];
  for (let after = leastUuid; ;) {
    const page = await pool.query<OutboxRow>(outboxPage, [after]);
    rows.push(...page.rows);
    const last = page.rows.at(-1);
    if (last === undefined || page.rows.length < pageSize) return rows;
    after = last.id;
    onPage(rows.length);
  }
}

type Effects = Pick<Evidence, 'notices' | 'deliveries' | 'links' | 'postStates' | 'profiles'>;

/** What the effects left in PostgreSQL. */
export async function readEffects(pool: Pool): Promise<Effects> {
  return {
    notices: (await pool.query<Evidence['notices'][number]>(notices)).rows,
    deliveries: (await pool.query<Delivery>(deliveries)).rows,
    links: (await pool.query<Evidence['links'][number]>(links)).rows,
    postStates: (await pool.query<PostStateRow>(postStates)).rows,
    profiles: (await pool.query<ProfileRow>(profiles)).rows,
  };
}
