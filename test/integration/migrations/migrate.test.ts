import { randomUUID } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Client } from 'pg';
import { schemaText } from '../../../dev/docs/schema';
import { checkoutRoot } from '../../../dev/stack/paths';
import { allFunctionFiles } from '../../support/function-files';
import { appliedNames, applyNumberedFiles } from '../../../migrations/numbered-files';
import { runMigrations } from '../../../migrations/run-migrations';
import { roles } from '../../../migrations/rights/roles';
import { createDatabase, dropDatabase } from '../../support/databases';
import { databaseUrl, servers } from '../../support/servers';

const unique = () => randomUUID().replaceAll('-', '').slice(0, 12);
const made: { databases: string[]; roles: string[]; folders: string[] } = { databases: [], roles: [], folders: [] };
let admin: Client;

beforeAll(async () => {
  admin = new Client({ connectionString: servers().databaseUrl });
  await admin.connect();
});
afterAll(async () => {
  for (const name of made.databases) await dropDatabase(admin, name);
  for (const name of made.roles) await admin.query(`DROP ROLE IF EXISTS ${name}`);
  for (const folder of made.folders) rmSync(folder, { recursive: true, force: true });
  await admin.end();
});

/** An empty database of its own; `owner` may connect to it and make schemas. */
async function emptyDatabase(): Promise<{ name: string; url: string }> {
  const name = `nova_test_migrate_${unique()}`;
  made.databases.push(name);
  await createDatabase(admin, name);
  return { name, url: databaseUrl(servers().databaseUrl, name) };
}

/** A prefix of roles that no other test has; they are dropped at the end. */
function ownPrefix(): string {
  const prefix = `t${unique()}`;
  made.roles.push(...['owner', ...roles].map((role) => `${prefix}_${role}`));
  return prefix;
}

async function ask<Row extends object>(url: string, sql: string, values: unknown[] = []): Promise<Row[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(sql, values)).rows;
  } finally {
    await client.end();
  }
}

/** Everything in the database that is not PostgreSQL's own. */
const contents = (url: string) =>
  ask<{ kind: string; name: string }>(
    url,
    `SELECT * FROM (
       SELECT 'schema' AS kind, nspname::text AS name FROM pg_namespace
       UNION ALL SELECT c.relkind::text, s.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace
       UNION ALL SELECT 'function', s.nspname || '.' || p.proname FROM pg_proc p JOIN pg_namespace s ON s.oid = p.pronamespace WHERE p.oid >= 16384
     ) AS thing WHERE name !~ '^(pg_|information_schema)' ORDER BY 1, 2`,
  );

/** The product's own files, and one more or another. */
function folderWith(path: string, sql: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'nova-migrations-'));
  made.folders.push(folder);
  const own = join(checkoutRoot, 'migrations');
  for (const part of ['united', 'both', 'outbox', 'state', 'together'])
    cpSync(join(own, part), join(folder, part), { recursive: true });
  addFile(folder, path, sql);
  return folder;
}

function addFile(folder: string, path: string, sql: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), sql);
}

/** A database as a version left it that had one set of files: those up to a number. */
async function madeByHistory(url: string, last: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'nova-history-'));
  made.folders.push(folder);
  const own = join(checkoutRoot, 'migrations/united');
  for (const file of readdirSync(own).filter((name) => name.slice(0, 4) <= last))
    cpSync(join(own, file), join(folder, file));
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('CREATE SCHEMA nova; SET search_path = nova, pg_temp; BEGIN');
    await applyNumberedFiles(client, { folder, prefix: '', known: await appliedNames(client) });
    await client.query('COMMIT');
  } finally {
    await client.end();
  }
}

describe('a migration that fails', () => {
  const halfway = 'CREATE TABLE half_done (); ALTER TABLE follows ADD COLUMN half integer; SELECT 1 / 0;';

  it('leaves an empty database empty, and says which file it was', async () => {
    const { url } = await emptyDatabase();
    const before = await contents(url);
    const folder = folderWith('state/0998_breaks.sql', halfway);
    await expect(runMigrations(url, { folder })).rejects.toThrow(
      '0998_breaks.sql: division by zero; nothing was changed',
    );
    expect(await contents(url)).toEqual(before);
  });

  it('leaves a database in use as it was, and can be repaired and run again', async () => {
    const { url } = await emptyDatabase();
    await runMigrations(url);
    const before = await contents(url);
    const folder = folderWith('state/0998_breaks.sql', halfway);
    addFile(folder, 'state/0997_fine.sql', 'CREATE TABLE fine ();');
    await expect(runMigrations(url, { folder })).rejects.toThrow('division by zero');
    expect(await contents(url)).toEqual(before);
    addFile(folder, 'state/0998_breaks.sql', 'CREATE TABLE whole ();');
    expect(await runMigrations(url, { folder })).toEqual(['state/0997_fine', 'state/0998_breaks']);
  });
});

describe('a business database that has tables of our names', () => {
  it('keeps them, and ours are in a schema of their own', async () => {
    const { url } = await emptyDatabase();
    await ask(
      url,
      `CREATE TABLE public.follows (id int); CREATE TABLE public.posts (id int); CREATE TABLE public.notifications (a text);
       CREATE TABLE public.outbox_event_types (spelling int); CREATE SEQUENCE public.outbox_sequence;
       CREATE TABLE public.outbox_events (id int); CREATE TABLE public.nova_event_state (id int);
       CREATE FUNCTION public.outbox_lock_aggregate(aggregate uuid) RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE 'not ours'; END $$;
       CREATE FUNCTION public.outbox_payload_bytes(payload jsonb) RETURNS integer LANGUAGE sql AS 'SELECT -1'`,
    );
    const isPublic = ({ name }: { name: string }) => name.startsWith('public.');
    const before = (await contents(url)).filter(isPublic);
    await runMigrations(url);
    expect((await contents(url)).filter(isPublic)).toEqual(before);
    const aggregate = randomUUID();
    const [row] = await ask<{ sequence: number }>(
      url,
      `INSERT INTO nova.outbox_events (id, aggregate_id, event_type, payload) VALUES (gen_random_uuid(), $1, 'PostCreated', '{}')
       RETURNING aggregate_id, aggregate_type, sequence::integer`,
      [aggregate],
    );
    expect(row).toMatchObject({ aggregate_id: aggregate, aggregate_type: 'post', sequence: 1 });
  });

  it('takes another schema when asked to, with every function bound to it', async () => {
    const { url } = await emptyDatabase();
    await runMigrations(url, { schema: 'side_effects' });
    const rows = await ask<{ config: string }>(
      url,
      `SELECT DISTINCT array_to_string(proconfig, ';') AS config FROM pg_proc WHERE pronamespace = 'side_effects'::regnamespace`,
    );
    expect(rows.every(({ config }) => /search_path="?side_effects"?, pg_temp/.test(config))).toBe(true);
    expect((await contents(url)).filter(({ name }) => name === 'nova')).toEqual([]);
  });
});

describe('a database migrated before there was a schema of our own', () => {
  it('keeps its tables in public, its functions are made safe, and says so to the operator', async () => {
    const { url } = await emptyDatabase();
    await runMigrations(url, { schema: 'public', withRoles: false });
    await ask(
      url,
      `ALTER FUNCTION public.outbox_before_insert() SET search_path = "$user", public;
       ALTER FUNCTION public.post_is_voided(uuid, uuid, bigint) RESET search_path`,
    );
    const notes: string[] = [];
    expect(await runMigrations(url, { onNote: (note) => notes.push(note) })).toEqual([]);
    expect(notes).toEqual([expect.stringContaining('DATABASE_SCHEMA=public')]);
    expect((await contents(url)).some(({ name }) => name.startsWith('nova.'))).toBe(false);
    const rows = await ask<{ config: string; owner: string }>(
      url,
      `SELECT DISTINCT array_to_string(proconfig, ';') ~ 'search_path=public, pg_temp' AS config, proowner::regrole::text AS owner
       FROM pg_proc WHERE pronamespace = 'public'::regnamespace`,
    );
    expect(rows).toEqual([{ config: true, owner: 'nova_owner' }]);
  });

  it('is moved into the schema when that is asked for, with its rows, and goes on working there', async () => {
    const { url } = await emptyDatabase();
    await runMigrations(url, { schema: 'public', withRoles: false });
    await ask(
      url,
      `CREATE TABLE public.orders (id int); CREATE FUNCTION public.theirs() RETURNS int LANGUAGE sql AS 'SELECT 1'`,
    );
    const insert = (schema: string) =>
      ask<{ sequence: number }>(
        url,
        `INSERT INTO ${schema}.outbox_events (id, aggregate_id, event_type, payload)
         VALUES (gen_random_uuid(), gen_random_uuid(), 'PostCreated', '{}') RETURNING sequence::integer`,
      );
    expect(await insert('public')).toEqual([{ sequence: 1 }]);
    await runMigrations(url, { moveFromPublic: true });
    const left = (await contents(url)).filter(({ name }) => name.startsWith('public.'));
    expect(left.map(({ name }) => name)).toEqual(['public.theirs', 'public.orders']);
    expect(await insert('nova')).toEqual([{ sequence: 2 }]);
    const claim = `SELECT * FROM nova.outbox_claim(gen_random_uuid(), interval '1 s', '{9,9,9,9}', 1, 9, 9, '{}', 99999)`;
    expect(await ask(url, claim)).toHaveLength(2);
    expect(await runMigrations(url)).toEqual([]);
  });

  it('lets a login with rights given by hand go on calling what it called', async () => {
    const { url } = await emptyDatabase();
    const login = `t${unique()}_app`;
    made.roles.push(login);
    await runMigrations(url, { schema: 'public', withRoles: false });
    await ask(
      url,
      `CREATE ROLE ${login} LOGIN PASSWORD 'nova'; GRANT SELECT, UPDATE ON public.outbox_events TO ${login}`,
    );
    await runMigrations(url);
    const app = new URL(url);
    app.username = login;
    const claim = `SELECT * FROM public.outbox_claim(gen_random_uuid(), interval '1 s', '{9,9,9,9}', 1, 9, 9, '{}', 99999)`;
    await expect(ask(app.href, claim)).resolves.toEqual([]);
  });
});

it('a login that was given the inbox by hand reads it through the view, which hides archived posts, and no other login does', async () => {
  const { url } = await emptyDatabase();
  const [login, other] = [`t${unique()}_app`, `t${unique()}_app`];
  made.roles.push(login, other);
  await madeByHistory(url, '0021');
  await ask(
    url,
    `CREATE ROLE ${login} LOGIN PASSWORD 'nova'; CREATE ROLE ${other} LOGIN PASSWORD 'nova';
     GRANT USAGE ON SCHEMA nova TO ${login}, ${other}; GRANT SELECT ON nova.notifications TO ${login}`,
  );
  await runMigrations(url, { withRoles: false });
  const asked = (name: string) => {
    const app = new URL(url);
    [app.username, app.password] = [name, 'nova'];
    return ask(app.href, 'SELECT * FROM nova.nova_inbox');
  };
  await expect(asked(login)).resolves.toEqual([]);
  await expect(asked(other)).rejects.toThrow('permission denied');
});

describe('the roles', () => {
  it('are made by a login that is no superuser and may make roles', async () => {
    const { name, url } = await emptyDatabase();
    const login = `t${unique()}_migrator`;
    await admin.query(
      `CREATE ROLE ${login} LOGIN CREATEROLE PASSWORD 'nova'; GRANT CREATE ON DATABASE ${name} TO ${login}`,
    );
    const rolePrefix = ownPrefix();
    made.roles.push(login);
    const migrator = new URL(url);
    migrator.username = login;
    expect((await runMigrations(migrator.href, { rolePrefix })).length).toBeGreaterThan(9);
    expect(await runMigrations(migrator.href, { rolePrefix })).toEqual([]);
  });

  it('are asked of an administrator when the login may not make them, and its SQL is enough', async () => {
    const { name, url } = await emptyDatabase();
    const login = `t${unique()}_plain`;
    await admin.query(`CREATE ROLE ${login} LOGIN PASSWORD 'nova'`);
    const rolePrefix = ownPrefix();
    made.roles.push(login);
    const plain = new URL(url);
    plain.username = login;
    const refused = await runMigrations(plain.href, { rolePrefix }).catch((thrown: Error) => thrown.message);
    expect(refused).toMatch(/may not create roles.*CREATE ROLE.*DATABASE_ROLES=off/s);
    const sql = /run once: (.*;) Without/s.exec(String(refused))![1]!;
    expect(sql).toContain(`GRANT CREATE ON DATABASE "${name}" TO "${login}";`);
    await ask(url, sql);
    expect((await runMigrations(plain.href, { rolePrefix })).length).toBeGreaterThan(9);
  });

  it('are left out when that is wanted: the login owns everything', async () => {
    const { name, url } = await emptyDatabase();
    const login = `t${unique()}_alone`;
    made.roles.push(login);
    await admin.query(`CREATE ROLE ${login} LOGIN PASSWORD 'nova'; GRANT CREATE ON DATABASE ${name} TO ${login}`);
    const alone = new URL(url);
    alone.username = login;
    await runMigrations(alone.href, { withRoles: false });
    const owners = await ask(
      url,
      `SELECT DISTINCT relowner::regrole::text AS o FROM pg_class WHERE relnamespace = 'nova'::regnamespace`,
    );
    expect(owners).toEqual([{ o: login }]);
  });

  it('are made once when several databases of one cluster are migrated at the same time', async () => {
    const rolePrefix = ownPrefix();
    const databases = [await emptyDatabase(), await emptyDatabase(), await emptyDatabase(), await emptyDatabase()];
    const applied = await Promise.all(databases.map(({ url }) => runMigrations(url, { rolePrefix })));
    expect(new Set(applied.map((names) => names.length)).size).toBe(1);
  });
});

describe('the schema', () => {
  it('is docs/schema.sql, in a fresh database and in one that was upgraded (else: npm run schema:dump)', async () => {
    const [fresh, upgraded] = [await emptyDatabase(), await emptyDatabase()];
    await runMigrations(fresh.url);
    await madeByHistory(upgraded.url, '0020');
    await runMigrations(upgraded.url);
    const text = readFileSync(join(checkoutRoot, 'docs/schema.sql'), 'utf8');
    expect(await schemaText(fresh.url)).toBe(text);
    expect(await schemaText(upgraded.url)).toBe(text);
  });
});

describe('the text of a function', () => {
  const markRead = (revision: number, body: string) =>
    [
      `-- Revision ${revision}.`,
      `CREATE OR REPLACE FUNCTION nova_mark_read(recipient_id uuid, up_to_id bigint) RETURNS integer LANGUAGE sql AS '${body}';`,
    ].join('\n');
  const stateOf = async (url: string) =>
    (
      await ask<{ body: string; acl: string; owner: string; config: string }>(
        url,
        `SELECT prosrc AS body, proacl::text AS acl, proowner::regrole::text AS owner, array_to_string(proconfig, ';') AS config
         FROM pg_proc WHERE oid = 'nova.nova_mark_read'::regproc`,
      )
    )[0]!;

  it('is that of its file', async () => {
    const { url } = await emptyDatabase();
    await runMigrations(url);
    const bodies = await ask<{ name: string; body: string }>(
      url,
      `SELECT proname::text AS name, prosrc AS body FROM pg_proc WHERE pronamespace = 'nova'::regnamespace ORDER BY proname`,
    );
    const files = await allFunctionFiles();
    expect(bodies.map(({ name }) => name)).toEqual(files.map(({ name }) => name));
    expect(bodies.filter(({ body }, at) => !files[at]!.sql.includes(body)).map(({ name }) => name)).toEqual([]);
  });

  it('is replaced by a newer revision, which keeps owner, rights and search_path, and by no older one', async () => {
    const { url } = await emptyDatabase();
    await runMigrations(url);
    const before = await stateOf(url);
    const newer = folderWith('state/functions/nova_mark_read.sql', markRead(1_000, 'SELECT 7'));
    expect(await runMigrations(url, { folder: newer })).toEqual(['functions/nova_mark_read']);
    expect(await stateOf(url)).toEqual({ ...before, body: 'SELECT 7' });
    // The version before is migrated once more, by a deployment that was rolled back.
    expect(await runMigrations(url)).toEqual([]);
    expect(await stateOf(url)).toMatchObject({ body: 'SELECT 7' });
  });

  it('is refused when it was changed and its revision was not, and nothing is changed', async () => {
    const { url } = await emptyDatabase();
    await runMigrations(url, { folder: folderWith('state/functions/nova_mark_read.sql', markRead(5, 'SELECT 1')) });
    const changed = folderWith('state/functions/nova_mark_read.sql', markRead(5, 'SELECT 2'));
    await expect(runMigrations(url, { folder: changed })).rejects.toThrow(
      /nova_mark_read.sql is not the text.*raise the/s,
    );
    expect(await stateOf(url)).toMatchObject({ body: 'SELECT 1' });
  });

  it('is applied again when the function is gone', async () => {
    const { url } = await emptyDatabase();
    await runMigrations(url);
    await ask(url, 'DROP FUNCTION nova.nova_mark_read(uuid, bigint)');
    expect(await runMigrations(url)).toEqual(['functions/nova_mark_read']);
  });
});
