import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { domains } from '../../../contracts/events/define';
import { schemaText } from '../../../dev/docs/schema';
import { printMigrations, runMigrations } from '../../../migrations/run-migrations';
import { roles } from '../../../migrations/rights/roles';
import { createDatabase, dropDatabase } from '../../support/databases';
import { runMigrate } from '../../support/ops-command';
import { databaseUrl, servers } from '../../support/servers';

const made: { databases: string[]; roles: string[] } = { databases: [], roles: [] };
let admin: Client;

beforeAll(async () => {
  admin = new Client({ connectionString: servers().databaseUrl });
  await admin.connect();
});
afterAll(async () => {
  for (const name of made.databases) await dropDatabase(admin, name);
  for (const name of made.roles) await admin.query(`DROP ROLE IF EXISTS ${name}`);
  await admin.end();
});

interface Installed {
  readonly url: string;
  /** First part of the names of its roles. */
  readonly rolePrefix: string;
}

async function emptyDatabase(): Promise<Installed> {
  const unique = randomUUID().replaceAll('-', '').slice(0, 12);
  const [name, rolePrefix] = [`nova_test_set_${unique}`, `s${unique}`];
  made.databases.push(name);
  made.roles.push(...['owner', ...roles].map((role) => `${rolePrefix}_${role}`));
  await createDatabase(admin, name);
  return { url: databaseUrl(servers().databaseUrl, name), rolePrefix };
}

async function install(options: Parameters<typeof runMigrations>[1]): Promise<Installed> {
  const empty = await emptyDatabase();
  await runMigrations(empty.url, { ...options, rolePrefix: empty.rolePrefix });
  return empty;
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

const tables = async (url: string): Promise<string[]> => {
  const rows = await ask<{ name: string }>(
    url,
    `SELECT c.relname AS name FROM pg_class c
     WHERE c.relnamespace = 'nova'::regnamespace AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition ORDER BY 1`,
  );
  return rows.map(({ name }) => name);
};

const publish = `SELECT nova.nova_publish($1, $2::jsonb) AS id`;
const post = (): string => JSON.stringify({ post_id: randomUUID(), user_id: randomUUID() });

describe('an outbox, installed alone', () => {
  it('has nothing of feeds, notifications or people', async () => {
    const { url } = await install({ sets: ['outbox'] });
    expect(await tables(url)).toEqual([
      ...['bridge_instances', 'chores', 'deployment', 'nova_functions', 'nova_migrations'],
      'operator_acts',
      ...[
        'outbox_event_types',
        'outbox_events',
        'outbox_heads',
        'outbox_holds',
        'outbox_moves',
        'outbox_partition_drops',
      ],
      ...['outbox_partitions', 'outbox_pauses', 'outbox_signals', 'outbox_writer_locks'],
    ]);
  });

  it('takes events, has them claimed, and says what became of them', async () => {
    const { url } = await install({ sets: ['outbox'] });
    const [written] = await ask<{ id: string }>(url, publish, ['content.post.created', post()]);
    await ask(
      url,
      `INSERT INTO nova.outbox_events (id, aggregate_id, event_type, payload) VALUES ($1, $1, 'PostCreated', '{}')`,
      [randomUUID()],
    );
    const claimed = await ask<{ id: string }>(
      url,
      `SELECT id FROM nova.outbox_claim(gen_random_uuid(), interval '15 s', '{10,10,10,10}', 1, 10, 10, '{}', 786432)`,
    );
    expect(claimed).toHaveLength(2);
    expect(await ask(url, 'SELECT state FROM nova.nova_event_state($1)', [written!.id])).toEqual([
      { state: 'pending' },
    ]);
  });

  it('keeps a signalled delete for the bridge, the newest of each subject', async () => {
    const { url, rolePrefix } = await install({ sets: ['outbox'] });
    const id = randomUUID();
    const signal = (ms: number) =>
      ask(
        url,
        `SET ROLE ${rolePrefix}_publisher; SELECT nova.nova_signal_deleted('post', '${id.toUpperCase()}', '${id}', ${ms}, 'test')`,
      );
    await signal(1_000);
    await ask(url, 'UPDATE nova.outbox_signals SET copied_at = now()');
    await signal(60_000);
    const kept = await ask<{ subject_id: string; copied_at: Date | null; holds: boolean }>(
      url,
      `SELECT subject_id, copied_at, held_until > now() + interval '50 s' AS holds FROM nova.outbox_signals`,
    );
    expect(kept).toEqual([{ subject_id: id, copied_at: null, holds: true }]);
  });

  it('refuses in nova_publish what its service may not write, and takes it again when it may', async () => {
    const { url, rolePrefix } = await install({ sets: ['outbox'], domains: ['identity'] });
    await expect(ask(url, publish, ['content.post.created', post()])).rejects.toMatchObject({
      code: '22023',
      constraint: 'DOMAIN_NOT_ALLOWED',
    });
    // The way of an installation that says nothing of domains: what the database has stays.
    await runMigrations(url, { sets: ['outbox'], rolePrefix });
    await expect(ask(url, publish, ['PostCreated', post()])).rejects.toThrow('DOMAIN_NOT_ALLOWED');
    await runMigrations(url, { sets: ['outbox'], rolePrefix, domains: ['identity', 'content'] });
    await ask(url, publish, ['content.post.created', post()]);
  });

  it.each([
    ['post', 'content'],
    ['message', 'message'],
    ['user', 'identity'],
  ] as const)(
    'takes the signal of a deleted %s from the service that owns it, and from no other',
    async (type, owning) => {
      const { url, rolePrefix } = await install({ sets: ['outbox', 'state'], domains: [owning] });
      const id = randomUUID();
      const signal = `SET ROLE ${rolePrefix}_publisher; SELECT nova.nova_signal_deleted('${type}', '${id}', '${id}', 60000, 'test')`;
      const held = () => ask(url, 'SELECT subject_type FROM nova.tombstones');
      await runMigrations(url, { rolePrefix, domains: domains.filter((domain) => domain !== owning) });
      await expect(ask(url, signal)).rejects.toMatchObject({ code: '22023', constraint: 'DOMAIN_NOT_ALLOWED' });
      expect(await held()).toEqual([]);
      await runMigrations(url, { rolePrefix, domains: [owning] });
      await ask(url, signal);
      expect(await held()).toEqual([{ subject_type: type }]);
    },
  );

  it('gives its roles rights there, and none in the outbox of another service on the same server', async () => {
    const [one, other] = [await install({ sets: ['outbox'] }), await install({ sets: ['outbox'] })];
    const read = (url: string, role: string) => ask(url, `SET ROLE ${role}; SELECT count(*) FROM nova.outbox_events`);
    await read(one.url, `${one.rolePrefix}_bridge`);
    for (const role of roles)
      await expect(read(other.url, `${one.rolePrefix}_${role}`)).rejects.toMatchObject({ code: '42501' });
  });
});

describe('State, installed alone', () => {
  it('has nothing of an outbox', async () => {
    const { url } = await install({ sets: ['state'] });
    const names = await tables(url);
    expect(names).toEqual(
      expect.arrayContaining(['tombstones', 'notification_deliveries', 'audit_findings', 'chores']),
    );
    expect(names.filter((name) => /outbox_e|outbox_h|outbox_w|outbox_s|bridge_/.test(name))).toEqual([]);
  });

  it('takes follows by hand, and what a bridge says of a signalled delete', async () => {
    const { url, rolePrefix } = await install({ sets: ['state'] });
    const pair = [randomUUID(), randomUUID()];
    await ask(url, 'SELECT nova.nova_apply_follow($1, $2, 7, true)', pair);
    await ask(url, 'DELETE FROM nova.follows WHERE followee_id = $1 AND follower_id = $2', pair);
    expect(await ask(url, 'SELECT sequence::integer, following FROM nova.follow_changes')).toEqual([
      { sequence: 7, following: false },
    ]);
    await ask(url, `SET ROLE ${rolePrefix}_bridge; SELECT nova.tombstone_hold('post', 'p', 60000, 'test')`);
    expect(await ask(url, 'SELECT nova.tombstone_holds(held_until) AS holds FROM nova.tombstones')).toEqual([
      { holds: true },
    ]);
  });
});

describe('both in one schema', () => {
  it.each([
    { domains: undefined, whose: 'the outbox writes follows', isNewest: true },
    { domains: ['social'], whose: 'the outbox writes follows', isNewest: true },
    { domains: ['content', 'identity'], whose: 'another outbox writes follows', isNewest: false },
  ] as const)(
    'take a change of follows by hand for the newest only where $whose: $domains',
    async ({ domains, isNewest }) => {
      const { url } = await install({ domains });
      await ask(url, `SELECT setval('nova.outbox_sequence', 1000)`);
      const pair = [randomUUID(), randomUUID()];
      const changed = async () =>
        (await ask<{ sequence: number }>(url, 'SELECT sequence::integer FROM nova.follow_changes'))[0]?.sequence;
      await ask(url, 'SELECT nova.nova_apply_follow($1, $2, 7, true)', pair);
      await ask(url, 'DELETE FROM nova.follows WHERE followee_id = $1 AND follower_id = $2', pair);
      expect(await changed()).toBe(isNewest ? 1_000 : 7);
      await ask(url, `SELECT setval('nova.outbox_sequence', 2000)`);
      await ask(url, 'INSERT INTO nova.follows (followee_id, follower_id) VALUES ($1, $2)', pair);
      expect(await changed()).toBe(isNewest ? 2_000 : 7);
      // What the service of follows writes afterwards, in the database that it has.
      await ask(url, 'SELECT nova.nova_apply_follow($1, $2, $3, false)', [...pair, isNewest ? 2_001 : 8]);
      expect(await ask(url, 'SELECT FROM nova.follows')).toEqual([]);
    },
  );

  it('hold the subject of a signal from when it is committed', async () => {
    const { url, rolePrefix } = await install({});
    const id = randomUUID();
    for (const reason of ['first', 'second'])
      await ask(
        url,
        `SET ROLE ${rolePrefix}_publisher; SELECT nova.nova_signal_deleted('post', '${id}', '${id}', 60000, '${reason}')`,
      );
    const [kept] = await ask<{ holds: boolean; copied: boolean }>(
      url,
      `SELECT nova.tombstone_holds(t.held_until) AS holds, s.copied_at IS NOT NULL AS copied
       FROM nova.tombstones t JOIN nova.outbox_signals s USING (subject_type, subject_id)`,
    );
    expect(kept).toEqual({ holds: true, copied: true });
  });

  it('may come one after the other', async () => {
    const { url, rolePrefix } = await install({ sets: ['outbox'] });
    await runMigrations(url, { sets: ['state'], rolePrefix });
    const [{ count } = { count: 0 }] = await ask<{ count: number }>(
      url,
      `SELECT count(*)::integer AS count FROM pg_trigger WHERE tgname = 'signal_holds'`,
    );
    expect(count).toBe(1);
    expect(await runMigrations(url, { rolePrefix })).toEqual([]);
  });
});

/** What migrations write into tables, beside their own record. */
const contents = { outbox: ['outbox_event_types'], state: ['notification_kinds'] };

const contentsOf = (url: string, table: string): Promise<object[]> =>
  ask(url, `SELECT to_jsonb(t) - 'id' - 'run_on' - 'applied_at' AS row FROM nova.${table} t ORDER BY 1`);

/** Who may do what with each relation and function of the schema. */
async function rights(url: string): Promise<string> {
  const rows = await ask<{ line: string }>(
    url,
    `SELECT format('%s %s %s', c.relname, r.rolname, c.relacl) AS line
     FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner WHERE c.relnamespace = 'nova'::regnamespace
     UNION ALL SELECT format('%s.%s %s', a.attrelid::regclass, a.attname, a.attacl) FROM pg_attribute a
     JOIN pg_class c ON c.oid = a.attrelid WHERE c.relnamespace = 'nova'::regnamespace AND a.attacl IS NOT NULL
     UNION ALL SELECT format('%s %s %s %s %s', p.oid::regprocedure, r.rolname, p.proacl, p.prosecdef, p.proconfig)
     FROM pg_proc p JOIN pg_roles r ON r.oid = p.proowner WHERE p.pronamespace = 'nova'::regnamespace ORDER BY 1`,
  );
  expect(rows.length).toBeGreaterThan(20);
  return rows.map(({ line }) => line).join('\n');
}

describe('what --print writes', () => {
  it.each([
    { sets: ['outbox'], domains: ['content', 'media'] },
    { sets: ['state'] },
    { sets: ['outbox', 'state'] },
  ] as const)('makes, run as one script, what migrate makes: %p', async (options) => {
    const empty = await emptyDatabase();
    const script = await printMigrations(empty.url, { ...options, rolePrefix: empty.rolePrefix });
    expect(await ask(empty.url, `SELECT to_regnamespace('nova') AS schema`)).toEqual([{ schema: null }]);
    expect(await ask(empty.url, `SELECT FROM pg_roles WHERE rolname LIKE $1`, [`${empty.rolePrefix}%`])).toEqual([]);

    await ask(empty.url, script);
    const { rolePrefix, url } = await install(options);
    const bare = (text: string, prefix: string): string => text.replaceAll(prefix, 'nova');
    expect(bare(await schemaText(empty.url), empty.rolePrefix)).toBe(bare(await schemaText(url), rolePrefix));
    expect(bare(await rights(empty.url), empty.rolePrefix)).toBe(bare(await rights(url), rolePrefix));
    for (const table of ['nova_functions', 'nova_migrations', ...contents[options.sets[0]]])
      expect({ table, rows: await contentsOf(empty.url, table) }).toEqual({
        table,
        rows: await contentsOf(url, table),
      });
    expect(await runMigrations(empty.url, { ...options, rolePrefix: empty.rolePrefix })).toEqual([]);
  });
});

describe('the command', () => {
  const nowhere = '127.0.0.1:1';
  /** Of an empty database: what the command is to be run with, and the names of the roles that it makes for an outbox. */
  async function given(outbox: string) {
    const { url, rolePrefix } = await emptyDatabase();
    const ofOutbox = `${rolePrefix}_${outbox}`;
    made.roles.push(...['owner', ...roles].map((role) => `${ofOutbox}_${role}`));
    return { url, ofOutbox, environment: { DATABASE_URL: url, DATABASE_ROLE_PREFIX: rolePrefix } };
  }
  const rolesLike = async (url: string, prefix: string) =>
    (
      await ask<{ name: string }>(
        url,
        `SELECT rolname AS name FROM pg_roles WHERE starts_with(rolname, $1) ORDER BY 1`,
        [prefix],
      )
    ).map(({ name }) => name);
  const allowed = async (url: string) =>
    (
      await ask<{ domain: string }>(
        url,
        'SELECT DISTINCT domain FROM nova.outbox_event_types WHERE allowed ORDER BY domain',
      )
    ).map(({ domain }) => domain);
  const schemaOf = (url: string) => ask(url, `SELECT to_regnamespace('nova')::text AS schema`);

  it('installs an outbox with no more than the URL of its database, while Temporal is away, and with roles of its own', async () => {
    const { url, ofOutbox, environment } = await given('content');
    const { DATABASE_ROLE_PREFIX: prefix } = environment;
    const install = (more: Record<string, string>, ...flags: string[]) =>
      runMigrate({ ...environment, ...more }, '--outbox', 'content', ...flags);
    const first = await install({ TEMPORAL_ADDRESS: nowhere }, '--domains', 'content, media');
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(first.stdout).toMatch(
      /^outbox content: applied .*\ndeployment: not recorded, since Temporal does not reply/,
    );
    expect(await tables(url)).not.toContain('tombstones');
    expect(await rolesLike(url, prefix)).toEqual(await rolesLike(url, `${ofOutbox}_`));
    expect(await rolesLike(url, prefix)).toContain(`${ofOutbox}_publisher`);
    expect(await allowed(url)).toEqual(['content', 'media']);
    // Again where Temporal is: what it may take stays.
    const again = await install({});
    expect(again).toEqual({ code: 0, stderr: '', stdout: 'outbox content: up to date\ndeployment: recorded\n' });
    expect(await ask(url, 'SELECT outbox FROM nova.deployment')).toEqual([{ outbox: 'content' }]);
    expect(await allowed(url)).toEqual(['content', 'media']);
  });

  it('does the outbox or the State that is named, with the domains of the list, and no other database', async () => {
    const [state, content, identity] = [await given('x'), await given('content'), await given('identity')];
    const listed = [
      { name: 'content', url: content.url, domains: ['content'] },
      { name: 'identity', url: identity.url },
    ];
    const environment = { ...state.environment, OUTBOXES: JSON.stringify(listed) };
    const prefix = environment.DATABASE_ROLE_PREFIX;
    made.roles.push(...['owner', ...roles].map((role) => `${prefix}_content_${role}`));
    const done = await runMigrate(environment, '--outbox', 'content');
    expect(done).toMatchObject({ code: 0, stdout: expect.stringMatching(/^outbox content: applied /) as string });
    expect(await allowed(content.url)).toEqual(['content']);
    expect(await rolesLike(state.url, prefix)).toContain(`${prefix}_content_bridge`);
    for (const { url } of [state, identity]) expect(await schemaOf(url)).toEqual([{ schema: null }]);

    const alone = await runMigrate(environment, '--state');
    expect(alone).toMatchObject({ code: 0, stdout: expect.stringMatching(/^State: applied /) as string });
    const names = await tables(state.url);
    expect([names.includes('tombstones'), names.includes('outbox_events')]).toEqual([true, false]);
    expect(await schemaOf(identity.url)).toEqual([{ schema: null }]);

    expect(await runMigrate(environment, '--outbox', 'contend')).toEqual({
      code: 1,
      stdout: '',
      stderr: 'configuration: --outbox contend is not in OUTBOXES, which has content, identity\n',
    });
  });

  it('prints for an outbox what it would run there, and changes nothing', async () => {
    const { url, ofOutbox, environment } = await given('content');
    const printed = await runMigrate(environment, '--outbox', 'content', '--domains', 'content', '--print');
    expect(printed).toMatchObject({ code: 0, stderr: '' });
    expect(printed.stdout).toMatch(/^-- outbox content, schema nova\. Run by a login /);
    expect([await schemaOf(url), await rolesLike(url, ofOutbox)]).toEqual([[{ schema: null }], []]);
    await ask(url, printed.stdout);
    expect(await allowed(url)).toEqual(['content']);
    expect(await rolesLike(url, ofOutbox)).toContain(`${ofOutbox}_publisher`);
  });
});

it.each([['outbox'], ['state'], ['outbox', 'state']] as const)(
  'comments of the catalogue name the command line as it is: %s %s',
  async (...sets) => {
    const { url } = await install({ sets: sets.filter((set) => set !== undefined) });
    const comments = await ask<{ text: string }>(
      url,
      `SELECT description AS text FROM pg_description d JOIN pg_class c ON d.classoid = 'pg_class'::regclass AND c.oid = d.objoid
     WHERE c.relnamespace = 'nova'::regnamespace
     UNION ALL SELECT obj_description(oid, 'pg_proc') FROM pg_proc WHERE pronamespace = 'nova'::regnamespace`,
    );
    const named = comments.flatMap(({ text }) => (/`?\b(ops|nova) [a-z]/.test(text ?? '') ? [text] : []));
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((text) => !text.includes('npx nova '))).toEqual([]);
  },
);
