import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { catalogue, spellingsOf } from '../../../contracts/catalogue';
import { createDatabase, dropDatabase } from '../../support/databases';
import { type TestDatabase, createTestDatabase } from '../../support/database';
import { awayFromMidnight } from '../../support/partitions';
import { underWay } from '../../support/server-activity';
import { databaseUrl, servers } from '../../support/servers';
import { waitFor } from '../../support/wait-for';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const insertFour = `INSERT INTO outbox_events (id, aggregate_id, event_type, payload) VALUES ($1, $2, $3, '{}') RETURNING sequence`;

describe('a plain INSERT of id, aggregate_id, event_type and payload', () => {
  it('is enough: the trigger fills type, priority, version and sequence from the catalogue', async () => {
    const id = randomUUID();
    await database.pool.query(insertFour, [id, randomUUID(), 'UserDeletedEvent']);
    const { rows } = await database.pool.query(
      'SELECT aggregate_type, priority, schema_version, published_at, retry_count FROM outbox_events WHERE id = $1',
      [id],
    );
    expect(rows).toEqual([
      { aggregate_type: 'user', priority: 1, schema_version: 1, published_at: null, retry_count: 0 },
    ]);
  });

  it('needs no right but INSERT on the table', async () => {
    const role = `writer_${randomUUID().slice(0, 8)}`;
    await database.pool.query(
      `CREATE ROLE ${role}; GRANT USAGE ON SCHEMA nova TO ${role}; GRANT INSERT ON outbox_events TO ${role}`,
    );
    const client = await database.pool.connect();
    try {
      await client.query(`BEGIN; SET LOCAL ROLE ${role}`);
      await client.query(
        `INSERT INTO nova.outbox_events (id, aggregate_id, event_type, payload) VALUES ($1, $2, 'PostCreated', '{}')`,
        [randomUUID(), randomUUID()],
      );
      await expect(client.query('SELECT 1 FROM nova.outbox_events')).rejects.toThrow(/permission denied/);
    } finally {
      await client.query('ROLLBACK');
      client.release();
      await database.pool.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
    }
  });

  it('of an unknown type does not fail the business transaction', async () => {
    await expect(database.pool.query(insertFour, [randomUUID(), randomUUID(), 'no.such.type'])).resolves.toBeDefined();
  });

  it('knows every spelling of the catalogue', async () => {
    const { rows } = await database.pool.query<{ spelling: string }>('SELECT spelling FROM outbox_event_types');
    expect(rows.map(({ spelling }) => spelling).sort()).toEqual(
      catalogue.flatMap(({ type }) => [...spellingsOf(type)]).sort(),
    );
  });
});

describe('the sequence', () => {
  it('is commit order within an aggregate: a second writer of it waits for the first to commit', async () => {
    const aggregate = randomUUID();
    const [first, second] = [await database.pool.connect(), await database.pool.connect()];
    try {
      await first.query('BEGIN');
      const one = await first.query<{ sequence: number }>(insertFour, [randomUUID(), aggregate, 'PostCreated']);
      let secondDone = false;
      const two = second
        .query<{ sequence: number }>(insertFour, [randomUUID(), aggregate, 'PostDeleted'])
        .finally(() => (secondDone = true));
      const waits = { query: 'INSERT INTO outbox_events%', waitsForLock: true };
      await waitFor(async () => (await underWay(database.pool, waits)).length === 1);
      // Another aggregate is not held up.
      await database.pool.query(insertFour, [randomUUID(), randomUUID(), 'PostCreated']);
      expect(secondDone).toBe(false);
      await first.query('COMMIT');
      expect((await two).rows[0]!.sequence).toBeGreaterThan(one.rows[0]!.sequence);
    } finally {
      first.release();
      second.release();
    }
  });

  it('also between a bulk transaction over thousands of aggregates and a single writer, without filling the lock table', async () => {
    const client = await database.pool.connect();
    try {
      await client.query('BEGIN');
      await client.query(
        `INSERT INTO outbox_events (id, aggregate_id, event_type, payload) SELECT gen_random_uuid(), md5(i::text)::uuid, 'PostCreated', '{}' FROM generate_series(1, 20000) AS i`,
      );
      const locks = await client.query<{ n: number }>(
        `SELECT count(*) AS n FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()`,
      );
      expect(locks.rows[0]!.n).toBeLessThanOrEqual(500 + 2 * 1024);
      const other = database.pool.query(
        `SET statement_timeout = '200ms'; INSERT INTO outbox_events (id, aggregate_id, event_type, payload) VALUES (gen_random_uuid(), md5('19999')::uuid, 'PostDeleted', '{}')`,
      );
      await expect(other).rejects.toThrow(/statement timeout/);
    } finally {
      await client.query('ROLLBACK');
      client.release(true);
    }
  });
});

describe('partitions', () => {
  beforeAll(() => awayFromMidnight(database.pool));

  it('exist for the next 14 days and for the past, and making them again makes none', async () => {
    const made = await database.pool.query<{ made: number }>('SELECT outbox_ensure_partitions(14) AS made');
    expect(made.rows[0]!.made).toBe(0);
    const more = await database.pool.query<{ made: number }>('SELECT outbox_ensure_partitions(16) AS made');
    expect(more.rows[0]!.made).toBe(2);
    const insertAt = (at: string) =>
      database.pool.query(
        `INSERT INTO outbox_events (id, aggregate_id, event_type, payload, created_at) VALUES ($1, $2, 'PostCreated', '{}', ${at})`,
        [randomUUID(), randomUUID()],
      );
    await insertAt(`now() - interval '400 days'`);
    await insertAt(`now() + interval '15 days'`);
    await expect(insertAt(`now() + interval '400 days'`)).rejects.toThrow(/no partition/);
  });

  it('are made while a writer has a transaction open: inserts and partitions do not wait for each other', async () => {
    const client = await database.pool.connect();
    try {
      await client.query('BEGIN');
      await client.query(insertFour, [randomUUID(), randomUUID(), 'PostCreated']);
      const made = await database.pool.query<{ made: number }>('SELECT outbox_ensure_partitions(18) AS made');
      expect(made.rows[0]!.made).toBe(2);
    } finally {
      await client.query('ROLLBACK');
      client.release();
    }
  });
});

describe('the migrations', () => {
  it('may be run by several processes at once on an empty database', async () => {
    const name = `nova_test_race_${randomUUID().slice(0, 8)}`;
    const admin = new Client({ connectionString: servers().databaseUrl });
    await admin.connect();
    try {
      await createDatabase(admin, name);
      const url = databaseUrl(servers().databaseUrl, name);
      const migrate = () =>
        promisify(execFile)(
          'npx',
          [
            'tsx',
            '-e',
            `require('./migrations/run-migrations').runMigrations(process.env.RACE_URL).then((a) => console.log(a.length))`,
          ],
          { env: { ...process.env, RACE_URL: url } },
        );
      const applied = (await Promise.all([migrate(), migrate(), migrate()])).map(({ stdout }) => Number(stdout));
      expect(applied.sort()).toEqual([0, 0, Math.max(...applied)]);
      expect(Math.max(...applied)).toBeGreaterThan(4);
    } finally {
      await dropDatabase(admin, name);
      await admin.end();
    }
  });
});
