import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ledgers } from '../../../outbox/housekeeping/ledgers';
import { type TestDatabase, createTestDatabase } from '../../support/database';
import { newId } from '../../support/events';
import { backdateOutbox, noon, turn } from '../../support/partitions';

const text = readFileSync(join(__dirname, '../../../docs/growth.md'), 'utf8');
const rules = new Map(
  [...text.matchAll(/^\| `(\w+)`\s*\| [^|]+ \| (expires|kept|bounded): [^|]+ \| ([^|]+?)\s*\|$/gm)].map(
    ([, table = '', rule = '', setting = '']) => [table, { rule, setting }],
  ),
);

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

describe('docs/growth.md', () => {
  it('has a rule, or the reason why there is none, for every table of the schema', async () => {
    const { rows } = await database.pool.query<{ name: string }>(
      `SELECT c.relname AS name FROM pg_class c
       WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition`,
    );
    expect([...rules.keys()].sort()).toEqual(rows.map(({ name }) => name).sort());
  });

  it('says of what housekeeping expires that it expires, and of nothing else that goes with a retention', () => {
    const expiring = new Set(ledgers.map(({ table }) => table));
    expect([...expiring].filter((table) => rules.get(table)?.rule !== 'expires')).toEqual([]);
    const withSetting = [...rules].filter(([, { setting }]) => setting !== '–').map(([table]) => table);
    expect(withSetting.filter((table) => table !== 'outbox_events' && !expiring.has(table))).toEqual([]);
  });
});

describe('what is not needed any more', () => {
  it('writers’ locks go when they are old and no writer holds them, and a writer makes its own again', async () => {
    const { pool } = database;
    const insert = (aggregate: string) =>
      `INSERT INTO outbox_events (id, aggregate_id, event_type, payload, created_at) VALUES (gen_random_uuid(), '${aggregate}', 'PostCreated', '{}', now())`;
    const [free, held] = [newId(), newId()];
    for (const id of [free, held]) await pool.query(insert(id));
    await pool.query(`UPDATE outbox_events SET published_at = now(), emitted_at = now()`);
    await pool.query('DELETE FROM outbox_heads');
    await pool.query(`UPDATE outbox_writer_locks SET made_at = ${noon(40)}`);
    const writer = await pool.connect();
    await writer.query('BEGIN');
    await writer.query(insert(held));
    expect((await turn(pool))!.expired).toMatchObject({ outbox_writer_locks: 1 });
    await writer.query('COMMIT');
    writer.release();
    const locks = async () =>
      (await pool.query<{ id: string }>('SELECT aggregate_id AS id FROM outbox_writer_locks')).rows.map(({ id }) => id);
    expect(await locks()).toEqual([held]);
    await pool.query(insert(free));
    expect((await locks()).sort()).toEqual([free, held].sort());
  });

  it('goes by its own setting: read notices, unclaimed uploads, old deletions; never what a person has not seen', async () => {
    const { pool } = database;
    await backdateOutbox(pool, [35]);
    const notice = (read: string, created = noon(500)) =>
      pool.query(
        `INSERT INTO notifications (event_id, recipient_id, kind, subject_type, subject_id, item_type, item_id, sequence, in_app, created_at, read_at)
         VALUES (gen_random_uuid(), gen_random_uuid(), 'x', 'post', 'p', 'post', 'p', 1, true, ${created}, ${read})`,
      );
    await notice('NULL');
    await notice(noon(100));
    await notice(noon(400));
    const upload = (state: string, daysAgo: number) =>
      pool.query(
        `INSERT INTO parked_media (media_id, upload_id, user_id, event_id, state, post_id, uploaded_at, expires_at, parked_at)
         VALUES (gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), '${state}',
           CASE WHEN '${state}' = 'linked' THEN gen_random_uuid() END, ${noon(daysAgo)}, ${noon(daysAgo)}, ${noon(daysAgo)})`,
      );
    await upload('unclaimed', 40);
    await upload('unclaimed', 5);
    await upload('linked', 40);
    const tombstone = (type: string, daysAgo: number) =>
      pool.query(
        `INSERT INTO tombstones (subject_type, subject_id, sequence, final, reason, created_at)
         VALUES ('${type}', gen_random_uuid()::text, 1, true, 'x', ${noon(daysAgo)})`,
      );
    await tombstone('post', 2_000);
    await tombstone('post', 500);
    await tombstone('user', 2_000);
    const kept = { readNotifications: 0, tombstones: 0, operatorActs: 0 };
    expect((await turn(pool, { keepDays: kept }))!.expired).toMatchObject({ parked_media: 1 });
    const { expired } = (await turn(pool))!;
    expect(expired).toMatchObject({ notifications: 1, tombstones: 1, parked_media: 0 });
  });
});
