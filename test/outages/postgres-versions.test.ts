import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { schemaText } from '../../dev/docs/schema';
import { runMigrations } from '../../migrations/run-migrations';
import { createDatabase } from '../support/databases';
import { type PostgresOfVersion, startPostgres } from '../support/postgres-of-version';
import { databaseUrl } from '../support/servers';

const claim = `
  SELECT id, lease_token FROM nova.outbox_events WHERE id IN (
    SELECT id FROM nova.outbox_claim(gen_random_uuid(), interval '15 s', '{10,10,10,10}', 1, 10, 10, '{}', 786432))`;

/** The columns and indexes of an outbox are the same everywhere. */
const schemas: string[] = [];

describe.each([14, 16, 17, 18] as const)('on PostgreSQL %i', (major) => {
  let server: PostgresOfVersion;
  let url: string;

  const ask = async <Row extends object>(at: string, sql: string, values: unknown[] = []): Promise<Row[]> => {
    const client = new Client({ connectionString: at });
    await client.connect();
    try {
      return (await client.query<Row>(sql, values)).rows;
    } finally {
      await client.end();
    }
  };

  beforeAll(async () => {
    server = await startPostgres(major);
    await ask(server.url, `CREATE ROLE installer LOGIN CREATEROLE`);
    const admin = new Client({ connectionString: server.url });
    await admin.connect();
    await createDatabase(admin, 'content').finally(() => admin.end());
    await ask(server.url, 'ALTER DATABASE content OWNER TO installer');
    const at = new URL(databaseUrl(server.url, 'content'));
    at.username = 'installer';
    url = at.href;
  });
  afterAll(() => server.close());

  it('an outbox is installed by a login that is no superuser, takes events and has them claimed', async () => {
    const installed = await runMigrations(url, { sets: ['outbox'], rolePrefix: 'nova_content' });
    expect(installed).toContain('outbox/0100_outbox');
    expect(await runMigrations(url, { sets: ['outbox'], rolePrefix: 'nova_content' })).toEqual([]);
    const payload = JSON.stringify({ post_id: randomUUID(), user_id: randomUUID() });
    const [published] = await ask<{ id: string }>(
      url,
      `SELECT nova.nova_publish('content.post.created', $1::jsonb) AS id`,
      [payload],
    );
    const [claimed] = await ask<{ id: string }>(url, claim);
    expect(claimed?.id).toBe(published?.id);
    await ask(url, 'UPDATE nova.outbox_events SET published_at = now() WHERE id = $1', [published?.id]);
    expect(await ask(url, 'SELECT state FROM nova.nova_event_state($1)', [published?.id])).toEqual([
      { state: 'started' },
    ]);
    expect(await ask(url, 'SELECT FROM nova.outbox_heads WHERE vacant_since IS NULL')).toEqual([]);
    schemas.push(await schemaText(url));
    expect(schemas[0]).toBe(schemas.at(-1));
    expect(await ask(url, `SELECT extname FROM pg_extension WHERE extname <> 'plpgsql'`)).toEqual([]);
  });
});
