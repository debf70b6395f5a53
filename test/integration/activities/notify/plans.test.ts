import { type Pool } from 'pg';
import { Inbox } from '../../../../client/inbox';
import { NotificationPreferences } from '../../../../client/preferences';
import { PgMediaStore } from '../../../../activities/media/pg-media-store';
import { PgNotificationStore } from '../../../../activities/notify/pg-notification-store';
import { type Database } from '../../../../runtime/postgres';
import { type TestDatabase, createTestDatabase } from '../../../support/database';
import { newId } from '../../../support/events';

/** Rows per table: enough that a scan shows in the blocks that are read, and written in a few seconds. */
const rows = 60_000;
/** Small enough for the pool's time limit on a busy machine. */
const chunk = 10_000;
/** 8 KiB blocks one statement may touch. A scan of the smallest table here touches more than four times as many. */
const blocks = 120;

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  await fill(database.pool);
});
afterAll(() => database.drop());

async function fill(pool: Pool): Promise<void> {
  for (const table of ['notifications', 'notification_deliveries', 'content_owners', 'wanted_media', 'parked_media'])
    await pool.query(`ALTER TABLE ${table} SET (autovacuum_enabled = false)`);
  for (let done = 0; done < rows; done += chunk) {
    await pool.query(
      `INSERT INTO notifications (event_id, recipient_id, kind, actor_id, subject_type, subject_id, item_type, item_id, sequence, in_app)
       SELECT gen_random_uuid(), gen_random_uuid(),
         CASE g % 3 WHEN 0 THEN 'comment.received' WHEN 1 THEN 'reaction.received' ELSE 'follow.received' END,
         gen_random_uuid(), CASE g % 3 WHEN 0 THEN 'post' WHEN 1 THEN 'comment' ELSE 'user' END, gen_random_uuid()::text,
         CASE g % 3 WHEN 0 THEN 'comment' WHEN 1 THEN 'reaction' ELSE 'user' END, gen_random_uuid()::text || ':x', g, true
       FROM generate_series(1, $1::int) AS g`,
      [chunk],
    );
    await pool.query(
      `INSERT INTO content_owners (content_type, content_id, owner_id, post_id)
       SELECT 'comment', gen_random_uuid(), gen_random_uuid(), gen_random_uuid() FROM generate_series(1, $1::int)`,
      [chunk],
    );
    await pool.query(
      `WITH wanted AS (
         INSERT INTO wanted_media (media_id, post_id, user_id, event_id)
         SELECT gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), gen_random_uuid() FROM generate_series(1, $1::int)
         RETURNING media_id, user_id)
       INSERT INTO parked_media (media_id, upload_id, user_id, event_id, state, uploaded_at, expires_at)
       SELECT media_id, gen_random_uuid(), user_id, gen_random_uuid(), 'unclaimed', now(), now() FROM wanted`,
      [chunk],
    );
  }
  await pool.query(`INSERT INTO notification_deliveries (event_id, recipient_id, channel, kind, state)
                    SELECT event_id, recipient_id, 'email', kind, 'pending' FROM notifications`);
}

interface Ran {
  readonly sql: string;
  readonly values: unknown[];
}

/** What the product's own code asks of the database, statement by statement. */
async function recorded(work: (database: Database) => Promise<unknown>): Promise<Ran[]> {
  const ran: Ran[] = [];
  const recorder = {
    // The workers' statements have a limit: they send themselves and call back. Those of a service are text and values.
    query: (statement: string | { text: string; values: unknown[] }, second: unknown) => {
      if (typeof statement === 'string') ran.push({ sql: statement, values: second as unknown[] });
      else ran.push({ sql: statement.text, values: statement.values });
      return database.pool.query(statement as string, second as never);
    },
  };
  await work(recorder as unknown as Database);
  return ran;
}

interface Node {
  'Shared Hit Blocks': number;
  'Shared Read Blocks': number;
}

/** Blocks the statement touches when it really runs; undone afterwards. */
async function touched({ sql, values }: Ran): Promise<number> {
  const client = await database.pool.connect();
  try {
    await client.query('BEGIN');
    const explain = `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${sql}`;
    const { rows: plans } = await client.query<{ 'QUERY PLAN': [{ Plan: Node }] }>(explain, values);
    const plan = plans[0]?.['QUERY PLAN'][0].Plan;
    return (plan?.['Shared Hit Blocks'] ?? 0) + (plan?.['Shared Read Blocks'] ?? 0);
  } finally {
    await client.query('ROLLBACK');
    client.release();
  }
}

/** One of the rows, so that there is something to find. */
async function someNotice() {
  const { rows: found } = await database.pool.query<Record<string, string>>(
    `SELECT * FROM notifications WHERE retracted_at IS NULL ORDER BY id DESC LIMIT 1`,
  );
  return found[0] as Record<string, string>;
}

const head = (n: Record<string, string>) => ({
  ...{ eventId: n['event_id'] as string, sequence: 1, actorId: n['actor_id'] as string },
  ...{ subject: { type: 'post' as const, id: newId() }, item: { type: 'reaction', id: n['item_id'] as string } },
});

const uses: Record<string, (database: Database, notice: Record<string, string>) => Promise<unknown>> = {
  'retract a post': (db) =>
    new PgNotificationStore(db).retract({ by: 'subject', subject: { type: 'post', id: newId() } }, 2_000),
  'retract before a sequence': (db) =>
    new PgNotificationStore(db).retract(
      { by: 'subject', subject: { type: 'post', id: newId() }, before: { sequence: rows * 2, domain: 'social' } },
      2_000,
    ),
  'retract a message': (db) =>
    new PgNotificationStore(db).retract({ by: 'subject', subject: { type: 'message', id: newId() } }, 2_000),
  'retract an event': (db, n) =>
    new PgNotificationStore(db).retract({ by: 'event', eventId: n['event_id'] as string }, 2_000),
  'retract a reaction': (db, n) =>
    new PgNotificationStore(db).retract({ by: 'reaction', reactionId: n['item_id'] as string }, 2_000),
  'retract an actor': (db, n) =>
    new PgNotificationStore(db).retract({ by: 'actor', actorId: n['actor_id'] as string }, 2_000),
  'retract a follow': (db, n) =>
    new PgNotificationStore(db).retract(
      { by: 'follow', followerId: n['actor_id'] as string, followeeId: n['recipient_id'] as string },
      2_000,
    ),
  'keep the newest reaction': (db, n) =>
    new PgNotificationStore(db).keepNewest('reaction.received', head(n), n['recipient_id'] as string),
  'keep the newest follow': (db, n) =>
    new PgNotificationStore(db).keepNewest('follow.received', head(n), n['recipient_id'] as string),
  'write a page': (db, n) =>
    new PgNotificationStore(db).create(
      { ...head(n), eventId: newId() },
      [{ recipientId: newId(), kind: 'post.mention', inApp: true, external: [{ channel: 'email' }] }],
      { perWindow: { email: 5 }, windowMs: 3_600_000 },
    ),
  'still wanted': (db, n) =>
    new PgNotificationStore(db).stillWanted(n['event_id'] as string, n['recipient_id'] as string),
  'unread count': (db, n) => new Inbox(db).unreadCount(n['recipient_id'] as string),
  'inbox page': (db, n) => new Inbox(db).list(n['recipient_id'] as string, { limit: 20 }),
  'mark one as read': (db, n) => new Inbox(db).markRead(n['recipient_id'] as string, 1),
  'mark up to one as read': (db, n) => new Inbox(db).markReadUpTo(n['recipient_id'] as string, rows),
  'mark all as read': (db, n) => new Inbox(db).markAllRead(n['recipient_id'] as string),
  'take one out of the inbox': (db, n) => new Inbox(db).delete(n['recipient_id'] as string, 1),
  'preferences of a person': (db, n) => new NotificationPreferences(db).get(n['recipient_id'] as string),
  'uploads of a post': (db) => new PgMediaStore(db).uploadsNamedBy(newId(), [newId(), newId()]),
  'claims of an upload': (db) => new PgMediaStore(db).claimsNaming(newId()),
  'claim unnamed': (db) => new PgMediaStore(db).linkUnnamed({ postId: newId(), userId: newId(), eventId: newId() }),
  'unlink a post': (db) => new PgMediaStore(db).unlinkPost(newId()),
};

describe.each([
  ['that was never analyzed', undefined],
  ['with statistics', 'ANALYZE'],
])('on a filled database %s', (_title, prepare) => {
  beforeAll(async () => {
    if (prepare !== undefined) await database.pool.query(prepare);
  });

  it.each(Object.keys(uses))('%s reads no more than what it is about', async (name) => {
    const notice = await someNotice();
    const ran = await recorded((db) => uses[name]?.(db, notice) ?? Promise.reject(new Error(name)));
    expect(ran.length).toBeGreaterThan(0);
    for (const statement of ran)
      expect({ sql: statement.sql, few: (await touched(statement)) < blocks }).toMatchObject({ few: true });
  });
});
