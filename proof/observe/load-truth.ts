import { type Pool } from 'pg';
import { type Books } from '../traffic/books';
import { type Truth, type TrueEvent } from '../checks/truth';

interface EventRow {
  id: string;
  aggregate_id: string;
  sequence: number;
  priority: number;
  created_at_ms: number;
  payload: Record<string, unknown>;
}

/** What those who wrote know of their events. */
type KnownEvents = { readonly [Part in 'committed' | 'rolledBack']: Readonly<Books[Part]> };

/**
 * The events that were committed, as their rows report them, and sentences on rows and events that are not each other's.
 * @param only ids to look at; absent: every row of the table
 */
export async function loadEvents(
  pool: Pick<Pool, 'query'>,
  known: KnownEvents,
  only?: readonly string[],
): Promise<{ readonly events: TrueEvent[]; readonly unaccounted: string[] }> {
  const { rows: outbox } = await pool.query<EventRow>(
    `SELECT id, aggregate_id, sequence::float8 AS sequence, priority, payload,
       round(extract(epoch FROM created_at) * 1000)::float8 AS created_at_ms FROM nova.outbox_events
     WHERE $1::uuid[] IS NULL OR id = ANY ($1) ORDER BY sequence`,
    [only ?? null],
  );
  const events: TrueEvent[] = [];
  const unaccounted: string[] = [];
  for (const row of outbox) {
    const commit = known.committed.get(row.id);
    if (commit === undefined) {
      const what = known.rolledBack.has(row.id) ? 'it was rolled back' : 'no service committed it';
      unaccounted.push(`outbox row ${row.id} is in the table, but ${what}`);
      continue;
    }
    const { id, aggregate_id: aggregateId, sequence, priority, payload, created_at_ms: createdAtMs } = row;
    const { type, atMs: committedAtMs } = commit;
    events.push({ id, type, aggregateId, sequence, priority, createdAtMs, committedAtMs, payload });
  }
  const present = new Set(outbox.map(({ id }) => id));
  for (const id of known.committed.keys())
    if (!present.has(id)) unaccounted.push(`event ${id} was committed, but its outbox row is not there`);
  return { events, unaccounted };
}

/** Of people who are deleted the business keeps whom they were followed by, and the product nothing. */
const followsApart = `
  SELECT * FROM (
    (SELECT followee_id, follower_id, 'is not in nova.follows' AS what FROM business.follows
     EXCEPT SELECT followee_id, follower_id, 'is not in nova.follows' FROM nova.follows)
    UNION ALL
    (SELECT followee_id, follower_id, 'is in nova.follows, and ended' FROM nova.follows
     EXCEPT SELECT followee_id, follower_id, 'is in nova.follows, and ended' FROM business.follows)) apart
  WHERE NOT EXISTS (
    SELECT FROM business.people WHERE state = 'deleted' AND user_id IN (apart.followee_id, apart.follower_id))`;

/**
 * Reads the truth from the tables. Rows of the outbox that no service committed, or that are gone, are kept apart, and so are follows
 * that the product does not know as the business does.
 */
export async function loadTruth(
  pool: Pool,
  books: KnownEvents,
  settings: Pick<Truth, 'pullThreshold' | 'feedCap'>,
): Promise<{ truth: Truth; unaccounted: string[] }> {
  const [{ events, unaccounted }, posts, messages, comments, gone, followers, endedFollows, preferences] =
    await Promise.all([
      loadEvents(pool, books),
      rows<{ post_id: string; author_id: string; status: string; caption: string }>(
        pool,
        'SELECT * FROM business.posts',
      ),
      rows<{ message_id: string; sender_id: string; deleted: boolean }>(pool, 'SELECT * FROM business.messages'),
      rows<{ comment_id: string; post_id: string; author_id: string }>(pool, 'SELECT * FROM business.comments'),
      rows<{ user_id: string; state: 'hidden' | 'deleted' }>(
        pool,
        `SELECT user_id, state FROM business.people WHERE state <> 'active'`,
      ),
      rows<{ followee_id: string; follower_ids: string[] }>(
        pool,
        `SELECT followee_id, array_agg(follower_id::text) AS follower_ids FROM business.follows
       WHERE followee_id IN (SELECT author_id FROM business.posts)
          OR followee_id IN (SELECT (payload ->> 'user_id')::uuid FROM nova.outbox_events WHERE event_type ILIKE '%live%stream%')
       GROUP BY followee_id`,
      ),
      rows<{ pair: string }>(pool, `SELECT followee_id || ' ' || follower_id AS pair FROM business.ended_follows`),
      rows<{ user_id: string; kind: string; channel: string; enabled: boolean }>(
        pool,
        'SELECT * FROM nova.notification_preferences',
      ),
    ]);
  const truth: Truth = {
    events,
    rolledBack: books.rolledBack,
    posts: new Map(posts.map((post) => [post.post_id, { ...post, authorId: post.author_id }])),
    messages: new Map(messages.map((m) => [m.message_id, { ownerId: m.sender_id, deleted: m.deleted }])),
    comments: new Map(comments.map((c) => [c.comment_id, { ownerId: c.author_id, postId: c.post_id }])),
    gone: new Map(gone.map(({ user_id, state }) => [user_id, state])),
    followers: new Map(followers.map(({ followee_id, follower_ids }) => [followee_id, follower_ids])),
    endedFollows: new Set(endedFollows.map(({ pair }) => pair)),
    preferences: new Map(preferences.map((p) => [`${p.user_id} ${p.kind} ${p.channel}`, p.enabled])),
    ...settings,
  };
  const apart = await rows<{ followee_id: string; follower_id: string; what: string }>(pool, followsApart);
  const sentences = apart.map((pair) => `the follow of ${pair.followee_id} by ${pair.follower_id} ${pair.what}`);
  return { truth, unaccounted: [...unaccounted, ...sentences] };
}

async function rows<Row extends object>(pool: Pool, sql: string): Promise<Row[]> {
  return (await pool.query<Row>(sql)).rows;
}
