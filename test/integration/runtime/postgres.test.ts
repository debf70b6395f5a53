import { type Pool } from 'pg';
import { asDatabaseError, createPool, inTransaction, isDatabaseOutage } from '../../../runtime/postgres';
import { type TestDatabase, createTestDatabase, patient } from '../../support/database';
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy';
import { silentLogger } from '../../support/logger';
import { endSessions } from '../../support/server-activity';

let database: TestDatabase;
let proxy: FaultProxy;
let pool: Pool;

beforeEach(async () => {
  database = await createTestDatabase();
  const url = new URL(database.url);
  proxy = await startFaultProxy({ host: url.hostname, port: Number(url.port) });
  url.host = `127.0.0.1:${proxy.port}`;
  pool = patient(createPool({ url: url.href, max: 4, applicationName: 'pool-test', logger: silentLogger }));
});

afterEach(async () => {
  await proxy.close();
  await pool.end();
  await database.drop();
});

/** That many connections, all idle now. */
async function fill(connections: number): Promise<void> {
  const clients = await Promise.all(Array.from({ length: connections }, () => pool.connect()));
  for (const client of clients) client.release();
  expect(pool.idleCount).toBe(connections);
}

/** A statement with a short limit of its own. The pool has none that a slow machine crosses, nor one that ends a test soon. */
const impatient = { text: 'SELECT 1', query_timeout: 1_000 };

const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );

it('gives up every connection after the first that got no reply, instead of finding each out in turn', async () => {
  await fill(4);
  proxy.set('half-open');
  const failure = await failureOf(pool.query(impatient));
  expect(isDatabaseOutage(failure)).toBe(true);
  proxy.set('pass');
  // Any of the other three would wait for an answer that never comes.
  for (let i = 0; i < 4; i++) expect((await pool.query('SELECT 1')).rowCount).toBe(1);
});

it('does so when the outage was met inside a transaction', async () => {
  await fill(3);
  const lost = inTransaction(pool, (client) => {
    proxy.set('half-open');
    return client.query(impatient);
  });
  expect(isDatabaseOutage(await failureOf(lost))).toBe(true);
  proxy.set('pass');
  for (let i = 0; i < 3; i++) await inTransaction(pool, (client) => client.query('SELECT 1'));
});

it('keeps its connections over an error that is the statement’s own', async () => {
  await fill(3);
  expect(isDatabaseOutage(await failureOf(pool.query('SELECT 1 / 0')))).toBe(false);
  // The one that failed goes, as the driver has it; the others stay.
  expect(pool.idleCount).toBe(2);
  await pool.query('SELECT 1');
  expect(pool.totalCount).toBe(2);
});

it('does not use a server that cannot write, not even to read', async () => {
  const name = new URL(database.url).pathname.slice(1);
  await database.pool.query(`ALTER DATABASE ${name} SET default_transaction_read_only = on`);
  const failure = await failureOf(pool.query('SELECT 1'));
  expect(failure).toMatchObject({ code: '25006' });
  expect(asDatabaseError(failure)).toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
  await database.pool.query(`ALTER DATABASE ${name} RESET default_transaction_read_only`);
  expect((await pool.query('SELECT 1')).rowCount).toBe(1);
});

it('leaves, with all connections, a server that stopped taking writes', async () => {
  await fill(3);
  const readOnly = `SET SESSION default_transaction_read_only = on`;
  const clients = await Promise.all([pool.connect(), pool.connect(), pool.connect()]);
  for (const client of clients) await client.query(readOnly);
  for (const client of clients) client.release();
  const write = `INSERT INTO pull_authors (author_id, follower_count) VALUES (gen_random_uuid(), 1)`;
  expect(await failureOf(pool.query(write))).toMatchObject({ code: '25006' });
  for (let i = 0; i < 3; i++) await pool.query(write);
});

it('outlives the loss of a connection without a listener: one that passes from hand to hand', async () => {
  const client = await pool.connect();
  const over = new Promise((resolve) => client.once('end', resolve));
  await endSessions(database.pool, 'pool-test');
  await over;
  await expect(client.query('SELECT 1')).rejects.toThrow();
  client.release(true);
  expect((await pool.query('SELECT 1')).rowCount).toBe(1);
});
