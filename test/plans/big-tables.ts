import { Client, type Pool } from 'pg';
import { backdateOutbox } from '../support/partitions';

/** Rows of each table that grows with use; NOVA_PLANS_ROWS: fewer, for a quick look. */
const bigRows = Number(process.env['NOVA_PLANS_ROWS'] ?? 1_000_000);
const chunks = 10;

/** One statement per table, `$1` rows each time; ids are random, as the product's are. */
const fills: readonly string[] = [
  `INSERT INTO notifications (event_id, recipient_id, kind, actor_id, subject_type, subject_id, item_type, item_id, sequence, in_app, read_at)
   SELECT gen_random_uuid(), gen_random_uuid(), 'reaction.received', gen_random_uuid(), 'post', gen_random_uuid()::text,
     'reaction', gen_random_uuid()::text || ':x', g, true, CASE WHEN g % 2 = 0 THEN now() END
   FROM generate_series(1, $1::int) g`,
  `INSERT INTO notification_deliveries (event_id, recipient_id, channel, kind, state, sent_at)
   SELECT gen_random_uuid(), gen_random_uuid(), 'email', 'reaction.received', 'sent', now() FROM generate_series(1, $1::int)`,
  `INSERT INTO wanted_media (media_id, post_id, user_id, event_id)
   SELECT gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), gen_random_uuid() FROM generate_series(1, $1::int)`,
  `INSERT INTO post_states (post_id, author_id, status, delivery, score_ms, sequence)
   SELECT gen_random_uuid(), gen_random_uuid(), 'published', 'push', 1700000000000 + g, g FROM generate_series(1, $1::int) g`,
  `INSERT INTO tombstones (subject_type, subject_id, sequence, final, reason)
   SELECT 'post', gen_random_uuid()::text, g, true, 'deleted' FROM generate_series(1, $1::int) g`,
  `INSERT INTO follows (followee_id, follower_id) SELECT gen_random_uuid(), gen_random_uuid() FROM generate_series(1, $1::int)`,
  `INSERT INTO content_owners (content_type, content_id, owner_id, post_id)
   SELECT 'comment', gen_random_uuid(), gen_random_uuid(), gen_random_uuid() FROM generate_series(1, $1::int)`,
  `INSERT INTO post_media (post_id, media_id, event_id)
   SELECT gen_random_uuid(), gen_random_uuid(), gen_random_uuid() FROM generate_series(1, $1::int)`,
  `INSERT INTO parked_media (media_id, upload_id, user_id, event_id, state, uploaded_at, expires_at)
   SELECT gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'unclaimed', now(), now()
   FROM generate_series(1, $1::int / 5)`,
  `INSERT INTO user_profiles (user_id, username, sequence)
   SELECT gen_random_uuid(), 'user', g FROM generate_series(1, $1::int / 5) g`,
  // Done long ago, over thirty days of partitions.
  `INSERT INTO outbox_events (id, aggregate_id, event_type, payload, created_at, published_at, emitted_at, aggregate_type, priority, schema_version, sequence)
   SELECT gen_random_uuid(), gen_random_uuid(), 'content.post.updated', '{}', t, t, t, 'post', 2, 1, nextval('outbox_sequence')
   FROM (SELECT now() - (g % 29 + 1) * interval '1 day' AS t FROM generate_series(1, $1::int) g) AS past`,
];

/** Fills every table that grows, gives the outbox 46 partitions, and a day's worth of rows that wait. */
export async function fillBigTables(url: string, pool: Pool): Promise<void> {
  await backdateOutbox(
    pool,
    Array.from({ length: 30 }, (_, i) => i + 1),
  );
  const client = await connected(url);
  try {
    // The outbox's own triggers are for rows that arrive, not for history.
    await client.query(`SET session_replication_role = replica`);
    for (const fill of fills) for (let i = 0; i < chunks; i++) await client.query(fill, [Math.floor(bigRows / chunks)]);
    await client.query(`SET session_replication_role = origin`);
    await client.query(
      `INSERT INTO outbox_events (id, aggregate_id, event_type, payload)
       SELECT gen_random_uuid(), gen_random_uuid(), 'content.post.deleted', '{}' FROM generate_series(1, 20000)`,
    );
  } finally {
    await client.end();
  }
}

/** A session without the pool's limit of time: a fill takes what it takes. */
export async function connected(url: string): Promise<Client> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query('SET search_path = nova, pg_catalog');
  return client;
}
