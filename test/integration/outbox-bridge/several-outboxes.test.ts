import { type Client } from '@temporalio/client';
import { type EventRef } from '../../../contracts/event-ref';
import { environmentOf } from '../../../dev/stack/addresses';
import { choosePorts } from '../../../dev/stack/ports';
import { composeBridge } from '../../../outbox-bridge/compose';
import { bridgeSettings } from '../../../outbox-bridge/settings';
import { configFrom } from '../../../runtime/config';
import { type Service } from '../../../runtime/lifecycle';
import { type TestDatabase, createTestDatabase } from '../../support/database';
import { newId } from '../../support/events';
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy';
import { silentLogger } from '../../support/logger';
import { mostSessionsOf, sessionsOf } from '../../support/server-activity';
import { databaseUrl, servers } from '../../support/servers';
import { type TestWorkers, createTestClient, startTestWorkers, testQueuePrefix } from '../../support/temporal';
import { waitFor } from '../../support/wait-for';

const names = ['content', 'identity', 'messaging'] as const;
type Name = (typeof names)[number];

let state: TestDatabase;
let databases: Record<Name, TestDatabase>;
let proxies: Record<Name, FaultProxy>;
let client: Client;
let workers: TestWorkers;
let running: Service[] = [];
let port = 0;
const prefix = testQueuePrefix();

const ofEach = async <T>(make: (name: Name) => Promise<T>): Promise<Record<Name, T>> =>
  Object.fromEntries(await Promise.all(names.map(async (name) => [name, await make(name)]))) as Record<Name, T>;

beforeAll(async () => {
  state = await createTestDatabase();
  databases = await ofEach(() => createTestDatabase());
  const { hostname: host, port } = new URL(servers().databaseUrl);
  proxies = await ofEach(() => startFaultProxy({ host, port: Number(port) }));
  client = await createTestClient();
  const activities = { emitEvent: async (_ref: EventRef) => undefined };
  const workflowsPath = require.resolve('../../../workflows/emit-only');
  workers = await startTestWorkers({ prefix, queues: ['kafka'], workflowsPath, activities });
});
afterEach(async () => {
  for (const proxy of Object.values(proxies)) proxy.set('pass');
  for (const service of running.splice(0).reverse()) await service.stop();
  for (const { pool } of Object.values(databases)) await pool.query('DELETE FROM outbox_events');
});
afterAll(async () => {
  await workers.stop();
  await client.connection.close();
  await Promise.all(Object.values(proxies).map((proxy) => proxy.close()));
  await Promise.all([state, ...Object.values(databases)].map((database) => database.drop()));
});

/** The bridge as its process composes it; each outbox behind a proxy of its own. */
async function startBridge(
  more: Record<string, string> = {},
  { domains = [], lost }: { domains?: readonly string[]; lost?: Name } = {},
): Promise<void> {
  ({ temporalMetrics: port = 0 } = await choosePorts(['temporalMetrics'], {}, {}));
  const through = (name: Name): string => {
    const url = new URL(databases[name].url);
    [url.hostname, url.port] = ['127.0.0.1', String(proxies[name].port)];
    if (name === lost) url.pathname = '/nova_no_such_database';
    return url.toString();
  };
  const outboxes = names.map((name) => ({
    ...{ name, url: through(name), connections: 2 },
    ...(name === 'identity' && domains.length > 0 ? { domains } : {}),
  }));
  const config = configFrom(bridgeSettings, {
    ...environmentOf(servers()),
    ...{ DATABASE_URL: state.url, TASK_QUEUE_PREFIX: prefix, BRIDGE_METRICS_PORT: String(port) },
    OUTBOXES: JSON.stringify(outboxes),
    ...more,
  });
  running = [...composeBridge(config, silentLogger).services];
  // As in its process: one that waits for its server holds up no other.
  for (const service of running) void service.start();
}

type Page = { ok: boolean; reason: string | null; outboxes: Record<string, { state: string; reason: string | null }> };
const page = async (path: '/healthz' | '/readyz'): Promise<Page> =>
  (await (await fetch(`http://127.0.0.1:${port}${path}`)).json()) as Page;

async function insert(name: Name, columns: Record<string, unknown> = {}): Promise<string> {
  const aggregate = newId();
  const row: Record<string, unknown> = {
    ...{ id: newId(), aggregate_id: aggregate, event_type: 'message.edited' },
    payload: JSON.stringify({ message_id: newId(), conversation_id: aggregate, editor_id: newId() }),
    ...columns,
  };
  const keys = Object.keys(row);
  const places = keys.map((_, i) => `$${i + 1}`).join(', ');
  const text = `INSERT INTO outbox_events (${keys.join(', ')}) VALUES (${places})`;
  await databases[name].pool.query(text, Object.values(row));
  return String(row['id']);
}

type Row = { sequence: number; started: boolean; last_error: string | null };
const rowOf = async (name: Name, id: string): Promise<Row> =>
  (
    await databases[name].pool.query<Row>(
      'SELECT sequence, published_at IS NOT NULL AS started, last_error FROM outbox_events WHERE id = $1',
      [id],
    )
  ).rows[0]!;
const started = (name: Name, id: string) =>
  waitFor(async () => (await rowOf(name, id)).started, { what: `${name}: ${id} started`, timeoutMs: 180_000 });
const dead = (name: Name, id: string) =>
  waitFor(
    async () =>
      (
        await databases[name].pool.query<{ last_error: string }>(
          'SELECT last_error FROM outbox_events WHERE id = $1 AND dead_lettered_at IS NOT NULL',
          [id],
        )
      ).rows[0]?.last_error,
    { what: `${name}: ${id} given up` },
  );

it('one bridge starts the rows of all its outboxes, and each run says whose row it is', async () => {
  await startBridge();
  const ids = await ofEach((name) => insert(name));
  for (const name of names) {
    await started(name, ids[name]);
    const { memo, searchAttributes, priority } = await client.workflow.getHandle(ids[name]).describe();
    expect([memo?.['outbox'], searchAttributes?.['Outbox'], priority?.fairnessKey]).toEqual([name, [name], name]);
    const { rows } = await databases[name].pool.query('SELECT state FROM bridge_instances');
    expect(rows).toHaveLength(1);
  }
  const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  for (const name of names)
    expect(metrics).toMatch(new RegExp(`^nova_bridge_claimed_rows_total{outbox="${name}"} 1$`, 'm'));
  // As people list them in the Web UI.
  const theirs = `WorkflowId IN (${names.map((name) => `'${ids[name]}'`).join(', ')})`;
  await waitFor(async () => (await client.workflow.count(theirs)).count === names.length, { what: 'all to be listed' });
  for (const name of names) {
    const listed = [];
    for await (const { workflowId } of client.workflow.list({ query: `Outbox = '${name}' AND ${theirs}` }))
      listed.push(workflowId);
    expect(listed).toEqual([ids[name]]);
  }
});

it('what is measured by priority is measured of each outbox by itself', async () => {
  // Of a type that a newer version may know: it stays pending.
  const event_type = 'message.not_yet_known';
  const priority = 2;
  await insert('identity', { event_type, priority });
  await insert('messaging', { event_type, priority });
  await insert('messaging', { event_type, priority });
  await startBridge();
  await started('content', await insert('content', { priority }));
  const pending = { content: 0, identity: 1, messaging: 2 };
  const samples = async () => await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  for (const name of names) {
    const sample = `nova_outbox_pending_rows{priority="normal",outbox="${name}"} ${pending[name]}`;
    await waitFor(async () => (await samples()).includes(`\n${sample}\n`), { what: sample });
  }
  const all = await samples();
  const histogram = (name: Name) => `nova_bridge_commit_to_start_seconds_count{priority="normal",outbox="${name}"}`;
  expect(all).toContain(`\n${histogram('content')} 1\n`);
  expect(all).not.toContain(histogram('identity'));
});

it('holds no more connections to a database than its outbox may have, however much is written there', async () => {
  const ofBridges = 'nova-bridge';
  // Of the bridge before.
  for (const { pool } of Object.values(databases))
    await waitFor(async () => Object.keys(await sessionsOf(pool, ofBridges)).length === 0);
  for (const { pool } of Object.values(databases))
    await pool.query(
      `INSERT INTO outbox_events (id, aggregate_id, event_type, payload)
       SELECT gen_random_uuid(), a, 'message.edited', jsonb_build_object('message_id', a, 'conversation_id', a, 'editor_id', a)
       FROM (SELECT gen_random_uuid() AS a FROM generate_series(1, 40)) AS aggregates`,
    );
  await startBridge();
  const most = await ofEach((name) => {
    const { pool } = databases[name];
    const pending = 'SELECT FROM outbox_events WHERE published_at IS NULL LIMIT 1';
    return mostSessionsOf(pool, ofBridges, async () => (await pool.query(pending)).rows.length === 0);
  });
  const two = { [ofBridges]: 2 };
  expect(most).toEqual({ content: two, identity: two, messaging: two });
});

it('serves those that BRIDGE_OUTBOXES names, and no other', async () => {
  await startBridge({ BRIDGE_OUTBOXES: 'identity, content' });
  const left = await insert('messaging');
  const ids = [await insert('content'), await insert('identity')] as const;
  await Promise.all([started('content', ids[0]), started('identity', ids[1])]);
  expect(Object.keys((await page('/healthz')).outboxes)).toEqual(['content', 'identity']);
  expect(await rowOf('messaging', left)).toMatchObject({ started: false });
});

it('a database that is down from the start, or goes away, delays its own rows alone, and both pages say which', async () => {
  proxies.identity.set('half-open');
  await startBridge();
  const first = await ofEach((name) => insert(name));
  await Promise.all([started('content', first.content), started('messaging', first.messaging)]);
  const down = { state: 'outage', reason: 'DATABASE_UNAVAILABLE' };
  await waitFor(async () => (await page('/healthz')).outboxes['identity']?.reason === down.reason);
  expect(await page('/healthz')).toMatchObject({ ok: false, reason: down.reason, outboxes: { identity: down } });
  expect(await page('/readyz')).toMatchObject({ ok: true, reason: down.reason, outboxes: { identity: down } });

  proxies.content.set('half-open');
  await waitFor(async () => (await page('/healthz')).outboxes['content']?.state === 'outage');
  const second = await ofEach((name) => insert(name));
  await started('messaging', second.messaging);
  for (const name of ['content', 'identity'] as const)
    expect(await rowOf(name, second[name])).toMatchObject({ started: false, last_error: null });

  proxies.identity.set('pass');
  await Promise.all([started('identity', first.identity), started('identity', second.identity)]);
  proxies.content.set('pass');
  await started('content', second.content);
  await waitFor(async () => (await page('/healthz')).ok);
});

it('a database that takes 1.5 s for each reply does not slow down the rows of another', async () => {
  await startBridge();
  await started('identity', await insert('identity'));
  proxies.identity.set({ replyDelayMs: 1_500 });
  const many = 400;
  await databases.identity.pool.query(
    `INSERT INTO outbox_events (id, aggregate_id, event_type, payload)
     SELECT gen_random_uuid(), a.id, 'message.edited', jsonb_build_object('message_id', a.id, 'conversation_id', a.id, 'editor_id', a.id)
     FROM (SELECT gen_random_uuid() AS id FROM generate_series(1, $1)) a`,
    [many],
  );
  const rowsOfIdentity = async (which: string): Promise<number> =>
    (await databases.identity.pool.query(`SELECT FROM outbox_events WHERE published_at IS NULL AND ${which}`))
      .rowCount ?? 0;
  await waitFor(() => rowsOfIdentity('lease_token IS NOT NULL'), { what: 'a claim of the slow one' });
  // One after another: when each waited for a claim of the slow one, that had four rows through for each of these.
  const inTurn = 20;
  for (let i = 0; i < inTurn; i++) await started('content', await insert('content'));
  expect(await rowsOfIdentity('true')).toBeGreaterThan(many - 2 * inTurn);
  await waitFor(async () => (await rowsOfIdentity('true')) < many, { what: 'a mark of the slow one' });
  await databases.identity.pool.query('DELETE FROM outbox_events');
});

it('a database that refuses the bridge is the fault of its outbox alone', async () => {
  await startBridge({}, { lost: 'content' });
  const id = await insert('messaging');
  await started('messaging', id);
  await waitFor(async () => (await page('/healthz')).outboxes['content']?.reason === 'DATABASE_UNAVAILABLE');
  expect((await page('/readyz')).outboxes['messaging']?.state).toMatch(/^(polling|starting)$/);
});

it('an event of a domain that its outbox may not write is a dead letter that says so; the others go on', async () => {
  await startBridge({}, { domains: ['identity', 'security'] });
  const [id, elsewhere] = [await insert('identity'), await insert('messaging')];
  expect(await dead('identity', id)).toBe(
    'DOMAIN_NOT_ALLOWED: message.edited is of the domain message; the outbox identity may write identity, security',
  );
  await started('messaging', elsewhere);
});

it('one id in two outboxes, even with one sequence, is a duplicate: the second row never gets the run of the first', async () => {
  const id = newId();
  const aggregate = newId();
  const payload = JSON.stringify({ message_id: newId(), conversation_id: aggregate, editor_id: newId() });
  await insert('content', { id, aggregate_id: aggregate, payload });
  await startBridge();
  await started('content', id);
  const { sequence } = await rowOf('content', id);
  await databases.messaging.pool.query(`SELECT setval('outbox_sequence', $1, false)`, [sequence]);
  await insert('messaging', { id, aggregate_id: aggregate, payload });
  expect((await rowOf('messaging', id)).sequence).toBe(sequence);
  expect(await dead('messaging', id)).toMatch(/^DUPLICATE_EVENT_ID: /);
  expect((await client.workflow.getHandle(id).describe()).memo?.['outbox']).toBe('content');
});

it('a database of another deployment is refused alone', async () => {
  await databases.messaging.pool.query(
    `INSERT INTO deployment (temporal_namespace, temporal_namespace_id, task_queue_prefix, kafka_topic_prefix)
     VALUES ('elsewhere', '', 'x', 'x')`,
  );
  try {
    await startBridge();
    const [here, there] = [await insert('content'), await insert('messaging')];
    await started('content', here);
    await waitFor(async () => (await page('/healthz')).outboxes['messaging']?.reason === 'WRONG_DEPLOYMENT');
    expect(await rowOf('messaging', there)).toMatchObject({ started: false });
    expect((await page('/readyz')).ok).toBe(true);
  } finally {
    await databases.messaging.pool.query('DELETE FROM deployment');
  }
});

it('refuses to start with an outbox that there is not, and names those that there are', async () => {
  const url = databaseUrl(servers().databaseUrl, 'any');
  const outboxes = JSON.stringify([{ name: 'content', url }]);
  const environment = { ...environmentOf(servers()), OUTBOXES: outboxes, BRIDGE_OUTBOXES: 'content,contend' };
  expect(() => composeBridge(configFrom(bridgeSettings, environment), silentLogger)).toThrow(
    'configuration: BRIDGE_OUTBOXES names contend; the outboxes are content (OUTBOXES)',
  );
});
