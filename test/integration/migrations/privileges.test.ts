import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { makeLogins } from '../../../dev/logins';
import { functionRights, relationRights } from '../../../migrations/rights/decided';
import { definerFunctions } from '../../../migrations/rights/definer-functions';
import { type Role } from '../../../migrations/rights/roles';
import { type TestDatabase, createTestDatabase } from '../../support/database';

let database: TestDatabase;
let urls: Readonly<Record<Role, string>>;
beforeAll(async () => {
  database = await createTestDatabase();
  urls = await makeLogins(database.url);
});
afterAll(() => database.drop());

/** A session of a login that is a member of that role and nothing else. */
async function as<T>(role: Role, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: urls[role] });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

const insertFour = `INSERT INTO nova.outbox_events (id, aggregate_id, event_type, payload) VALUES ($1, $2, $3, $4)`;
const newRow = (type = 'content.post.created') => [randomUUID(), randomUUID(), type, '{"secret":"word"}'];

describe('the rights', () => {
  it('are decided for every table, view and sequence of the schema', async () => {
    const { rows } = await database.pool.query<{ name: string }>(
      `SELECT relname AS name FROM pg_class c WHERE relnamespace = 'nova'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
         AND relname !~ '^outbox_events_[0-9]{8}$'`,
    );
    expect(rows.map(({ name }) => name).sort()).toEqual(Object.keys(relationRights).sort());
  });

  it('are decided for every function of the schema', async () => {
    const { rows } = await database.pool.query<{ name: string }>(
      `SELECT DISTINCT proname AS name FROM pg_proc WHERE pronamespace = 'nova'::regnamespace`,
    );
    expect(rows.map(({ name }) => name).sort()).toEqual(Object.keys(functionRights).sort());
  });

  it('leave nothing to PUBLIC', async () => {
    const { rows } = await database.pool.query<{ name: string; privilege: string }>(
      `SELECT o.name, a.privilege_type AS privilege FROM (
         SELECT relname::text AS name, coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's'::"char" ELSE 'r' END, relowner)) AS acl
         FROM pg_class WHERE relnamespace = 'nova'::regnamespace AND relkind IN ('r', 'p', 'v', 'S')
         UNION ALL SELECT proname::text, coalesce(proacl, acldefault('f', proowner)) FROM pg_proc WHERE pronamespace = 'nova'::regnamespace
         UNION ALL SELECT nspname::text, coalesce(nspacl, acldefault('n', nspowner)) FROM pg_namespace WHERE nspname = 'nova'
       ) o, aclexplode(o.acl) a WHERE a.grantee = 0`,
    );
    expect(rows).toEqual([]);
  });

  it('belong to an owner that cannot log in and is no superuser', async () => {
    const { rows } = await database.pool.query<{ owner: string; rolsuper: boolean; rolcanlogin: boolean }>(
      `SELECT DISTINCT rolname AS owner, rolsuper, rolcanlogin FROM pg_roles r WHERE oid IN (
         SELECT relowner FROM pg_class WHERE relnamespace = 'nova'::regnamespace AND relkind IN ('r', 'p', 'v', 'S')
         UNION SELECT proowner FROM pg_proc WHERE pronamespace = 'nova'::regnamespace
         UNION SELECT nspowner FROM pg_namespace WHERE nspname = 'nova')`,
    );
    expect(rows).toEqual([{ owner: 'nova_owner', rolsuper: false, rolcanlogin: false }]);
  });
});

describe('every function of the schema', () => {
  it('has a search_path that is our schema and then pg_temp', async () => {
    const { rows } = await database.pool.query<{ name: string; config: string[] | null }>(
      `SELECT proname AS name, proconfig AS config FROM pg_proc WHERE pronamespace = 'nova'::regnamespace`,
    );
    for (const { name, config } of rows) {
      expect([name, config?.find((line) => line.startsWith('search_path='))?.replaceAll('"', '')]).toEqual([
        name,
        'search_path=nova, pg_temp',
      ]);
    }
  });

  it('runs with its caller’s rights, but for those that are listed with a reason', async () => {
    const { rows } = await database.pool.query<{ name: string }>(
      `SELECT proname AS name FROM pg_proc WHERE pronamespace = 'nova'::regnamespace AND prosecdef`,
    );
    expect(rows.map(({ name }) => name).sort()).toEqual(Object.keys(definerFunctions).sort());
  });
});

describe('a publisher', () => {
  it('inserts a plain row, is given its id back and learns what became of it', async () => {
    const row = newRow('no.such.type');
    await as('publisher', async (client) => {
      expect((await client.query(`${insertFour} RETURNING id`, row)).rows).toEqual([{ id: row[0] }]);
      const state = 'SELECT state, reason FROM nova.nova_event_state($1)';
      expect((await client.query(state, [row[0]])).rows).toEqual([{ state: 'pending', reason: null }]);
      await database.pool.query(
        `UPDATE outbox_events SET dead_lettered_at = now(), last_error = 'UNKNOWN_EVENT_TYPE: no.such.type' WHERE id = $1`,
        [row[0]],
      );
      expect((await client.query(state, [row[0]])).rows).toEqual([
        { state: 'dead_lettered', reason: 'UNKNOWN_EVENT_TYPE: no.such.type' },
      ]);
      expect((await client.query(state, [randomUUID()])).rows).toEqual([]);
    });
  });

  it('holds back what it deletes, and learns which workflows were started, without a right on either table', async () => {
    const row = newRow();
    await as('publisher', async (client) => {
      await client.query(insertFour, row);
      const signal = () =>
        client.query(`SELECT workflow_id FROM nova.nova_signal_deleted('post', $1::uuid::text, $1::uuid, 1000, '')`, [
          row[1],
        ]);
      expect((await signal()).rows).toEqual([]);
      await database.pool.query('UPDATE outbox_events SET published_at = now() WHERE id = $1', [row[0]]);
      expect((await signal()).rows).toEqual([{ workflow_id: row[0] }]);
    });
    const { rowCount } = await database.pool.query('SELECT FROM tombstones WHERE subject_id = $1', [row[1]]);
    expect(rowCount).toBe(1);
  });

  it('writes several rows in one statement', async () => {
    await as('publisher', async (client) => {
      const values = Array.from({ length: 3 }, () => newRow());
      const rows = values.map((_, i) => `($${4 * i + 1}, $${4 * i + 2}, $${4 * i + 3}, $${4 * i + 4})`);
      await client.query(
        `INSERT INTO nova.outbox_events (id, aggregate_id, event_type, payload) VALUES ${rows.join(', ')}`,
        values.flat(),
      );
    });
  });

  it.each([
    'published_at',
    'emitted_at',
    'dead_lettered_at',
    'last_error',
    'sequence',
    'next_attempt_at',
    'lease_until',
    'unfinished_claims',
  ])('cannot say what %s is', async (column) => {
    const statement = `INSERT INTO nova.outbox_events (id, aggregate_id, event_type, payload, ${column}) VALUES ($1, $2, $3, $4, DEFAULT)`;
    await expect(as('publisher', (client) => client.query(statement, newRow()))).rejects.toThrow(/permission denied/);
  });

  it.each([
    'SELECT payload FROM nova.outbox_events',
    'SELECT event_type FROM nova.outbox_events',
    'UPDATE nova.outbox_events SET published_at = now()',
    'DELETE FROM nova.outbox_events',
    'TRUNCATE nova.outbox_events',
    'ALTER TABLE nova.outbox_events DISABLE TRIGGER ALL',
    'SELECT * FROM nova.outbox_events_past',
    'SELECT * FROM nova.user_profiles',
    'SELECT * FROM nova.notifications',
    'INSERT INTO nova.tombstones (subject_type, subject_id, final, reason) VALUES (1, 1, true, 1)',
    `SELECT nextval('nova.outbox_sequence')`,
    'SELECT nova.outbox_ensure_partitions(1)',
    'SELECT nova.outbox_widen_past()',
    `SELECT * FROM nova.outbox_claim(gen_random_uuid(), interval '1 h', '{9,9,9,9}', 1, 9, 9, '{}', 99999)`,
    'CREATE TABLE nova.mine ()',
    'SET ROLE nova_owner',
    'SET ROLE nova_bridge',
  ])('may not: %s', async (statement) => {
    await expect(as('publisher', (client) => client.query(statement))).rejects.toThrow(
      /permission denied|must be owner/,
    );
  });
});

describe('a publisher that puts names of its own before ours', () => {
  const evil = `
    CREATE FUNCTION pg_temp.evil() RETURNS text LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO pg_temp.caught SELECT current_user, session_user;
      RETURN current_user;
    END $$;
    CREATE TEMP TABLE caught (acting text, login text);
    GRANT INSERT ON pg_temp.caught TO PUBLIC`;

  it('runs no code of its own as the owner through the insert trigger', async () => {
    await as('publisher', async (client) => {
      await client.query(evil);
      await client.query(`
        CREATE TEMP VIEW outbox_event_types AS SELECT pg_temp.evil() AS spelling, 'x'::text AS event_type,
          pg_temp.evil() AS aggregate_type, 0::smallint AS priority, 1 AS schema_version;
        CREATE TEMP SEQUENCE outbox_sequence;
        CREATE FUNCTION pg_temp.outbox_lock_aggregate(aggregate uuid) RETURNS void LANGUAGE plpgsql AS $$
          BEGIN PERFORM pg_temp.evil(); END $$;
        GRANT ALL ON outbox_event_types TO PUBLIC; GRANT ALL ON SEQUENCE outbox_sequence TO PUBLIC;
        SET search_path = pg_temp, nova`);
      const row = newRow();
      await client.query(insertFour, row);
      expect((await client.query('SELECT * FROM pg_temp.caught')).rows).toEqual([]);
      // And the trigger looked into our tables: the type is the catalogue's.
      const { rows } = await database.pool.query('SELECT aggregate_type FROM outbox_events WHERE id = $1', [row[0]]);
      expect(rows).toEqual([{ aggregate_type: 'post' }]);
    });
  });

  it('is not shown another outbox by nova_event_state, and runs nothing as the owner through it', async () => {
    await as('publisher', async (client) => {
      await client.query(evil);
      await client.query(`
        CREATE TEMP VIEW outbox_events AS SELECT gen_random_uuid() AS id, pg_temp.evil() AS event_type, pg_temp.evil() AS last_error,
          now() AS created_at, now() AS published_at, now() AS emitted_at, now() AS dead_lettered_at;
        CREATE FUNCTION pg_temp.split_part(text, text, integer) RETURNS text LANGUAGE sql AS 'SELECT pg_temp.evil()';
        GRANT ALL ON outbox_events TO PUBLIC; SET search_path = pg_temp, nova, pg_catalog`);
      const row = newRow();
      await client.query(insertFour, row);
      const { rows } = await client.query('SELECT state FROM nova.nova_event_state($1)', [row[0]]);
      expect(rows).toEqual([{ state: 'pending' }]);
      expect((await client.query('SELECT * FROM pg_temp.caught')).rows).toEqual([]);
    });
  });
});

describe('the other roles', () => {
  it.each<[Role, string]>([
    ['bridge', `UPDATE nova.outbox_events SET payload = '{}'`],
    ['bridge', 'UPDATE nova.outbox_events SET sequence = 1'],
    ['bridge', 'DELETE FROM nova.outbox_events'],
    ['bridge', `SELECT email FROM nova.user_profiles`],
    ['bridge', 'ALTER TABLE nova.outbox_events DETACH PARTITION nova.outbox_events_past'],
    ['bridge', 'DROP TABLE nova.outbox_events_past'],
    ['bridge', 'UPDATE nova.tombstones SET final = false'],
    ['workers', `UPDATE nova.outbox_events SET payload = '{}'`],
    ['workers', 'UPDATE nova.outbox_events SET published_at = now()'],
    ['workers', 'DELETE FROM nova.outbox_events'],
    ['workers', 'DELETE FROM nova.tombstones'],
    ['workers', 'UPDATE nova.follows SET follower_id = gen_random_uuid()'],
    ['publisher', `SELECT nova.nova_apply_follow(gen_random_uuid(), gen_random_uuid(), 1, true)`],
    ['workers', 'SELECT nova.outbox_ensure_partitions(1)'],
    ['operator', 'SELECT payload FROM nova.outbox_events'],
    ['operator', 'SELECT email FROM nova.user_profiles'],
    ['operator', 'SELECT summary FROM nova.post_states'],
    ['operator', 'UPDATE nova.outbox_events SET published_at = now()'],
    ['reader', 'SELECT payload FROM nova.outbox_events'],
    ['reader', 'SELECT email FROM nova.user_profiles'],
    ['reader', 'SELECT display_name FROM nova.user_profiles'],
    ['reader', 'UPDATE nova.outbox_events SET dead_lettered_at = NULL'],
    ['reader', 'DELETE FROM nova.audit_findings'],
  ])('%s may not: %s', async (role, statement) => {
    await expect(as(role, (client) => client.query(statement))).rejects.toThrow(/permission denied|must be owner/);
  });

  it('let a reader see what waits, and why, and who is hidden', async () => {
    await as('reader', async (client) => {
      await client.query('SELECT id, event_type, last_error, published_at FROM nova.outbox_events LIMIT 1');
      await client.query('SELECT user_id, state FROM nova.user_profiles LIMIT 1');
      await client.query('SELECT * FROM nova.outbox_partitions LIMIT 1');
    });
  });

  it('let the bridge make the days ahead, and nothing of its own comes between', async () => {
    await as('bridge', async (client) => {
      await client.query(`CREATE TEMP TABLE outbox_events (id uuid); SET search_path = pg_temp, nova`);
      const { rows } = await client.query<{ made: number }>('SELECT nova.outbox_ensure_partitions(20) AS made');
      expect(rows[0]!.made).toBeGreaterThan(0);
      expect((await client.query('SELECT nova.outbox_ensure_partitions(20) AS made')).rows).toEqual([{ made: 0 }]);
    });
  });
});
