import { once } from 'node:events';
import { type Http2Server, createServer as createHttp2Server } from 'node:http2';
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net';
import { Connection } from '@temporalio/client';
import { type StartOutcome } from '../../../outbox-bridge/ports';
import { type TestBridge, createTestBridge } from '../../support/bridge';
import { type TestDatabase, createTestDatabase } from '../../support/database';
import { insertEvent, newId } from '../../support/events';
import { servers } from '../../support/servers';
import { testQueuePrefix } from '../../support/temporal';
import { waitFor } from '../../support/wait-for';

/** A load balancer that has no route at first: HTTP 404 to whatever is asked. */
let noRoute: Http2Server;
let balancer: Server;
let target: () => { host: string; port: number };
const open = new Set<Socket>();
let database: TestDatabase;
let connection: Connection;
const bridges: TestBridge[] = [];

const portOf = (server: Server | Http2Server): number => (server.address() as AddressInfo).port;
const temporalAddress = () => {
  const [host = '', port = ''] = servers().temporalAddress.split(':');
  return { host, port: Number(port) };
};

beforeAll(async () => {
  database = await createTestDatabase();
  noRoute = createHttp2Server();
  noRoute.on('stream', (stream) => {
    stream.on('error', () => undefined).respond({ ':status': 404, 'content-type': 'text/html' });
    stream.end('no route');
  });
  await once(noRoute.listen(0, '127.0.0.1'), 'listening');
  balancer = createServer((client) => {
    const upstream = connect(target());
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket
        .on('error', () => undefined)
        .on('close', () => (client.destroy(), upstream.destroy(), open.delete(socket)));
    }
    client.pipe(upstream).pipe(client);
  });
  await once(balancer.listen(0, '127.0.0.1'), 'listening');
  connection = Connection.lazy({ address: `127.0.0.1:${portOf(balancer)}` });
});
afterEach(async () => {
  await Promise.all(bridges.splice(0).map(({ bridge }) => bridge.stop()));
  await database.pool.query('UPDATE outbox_events SET dead_lettered_at = now() WHERE published_at IS NULL');
});
afterAll(async () => {
  await connection.close();
  for (const socket of open) socket.destroy();
  balancer.close();
  noRoute.close();
  await database.drop();
});

function bridge(over: Connection): TestBridge {
  const made = createTestBridge({ pool: database.pool, connection: over, prefix: testQueuePrefix() });
  bridges.push(made);
  return made;
}

/** Events of so many different aggregates. */
async function written(count: number): Promise<string[]> {
  const event = () => ({ message_id: newId(), conversation_id: newId(), editor_id: newId() });
  const refs = Array.from({ length: count }, () =>
    insertEvent(database.pool, 'message.edited', event(), { started: false }),
  );
  return (await Promise.all(refs)).map(({ eventId }) => eventId);
}

async function stateOf(ids: readonly string[]) {
  const { rows } = await database.pool.query<Record<string, number>>(
    `SELECT count(published_at)::int AS started, count(dead_lettered_at)::int AS dead, sum(retry_count)::int AS counted,
            count(last_error)::int AS failed, max(unfinished_claims)::int AS unfinished
     FROM outbox_events WHERE id = ANY ($1)`,
    [ids],
  );
  return rows[0] ?? {};
}
const allPublished = (ids: readonly string[]) =>
  waitFor(async () => (await stateOf(ids))['started'] === ids.length, { what: 'all started' });

it('a proxy that returns 404 in Temporal’s place is an outage: no row pays for it, and all start once it has a route', async () => {
  target = () => ({ host: '127.0.0.1', port: portOf(noRoute) });
  const made = bridge(connection);
  const probe = made.starter.probe.bind(made.starter);
  let probes = 0;
  made.starter.probe = async () => (probes++, probe());
  const ids = await written(50);
  await made.bridge.start();
  await waitFor(() => probes >= 12, { what: 'a dozen probes' });
  expect(made.bridge.describe()).toEqual({
    state: 'outage',
    reason: expect.stringMatching(/^TEMPORAL_UNAVAILABLE: .*404/) as string,
  });
  expect(await stateOf(ids)).toMatchObject({ started: 0, dead: 0, counted: 0 });
  target = temporalAddress;
  for (const socket of open) socket.destroy();
  await allPublished(ids);
  expect(await stateOf(ids)).toMatchObject({ dead: 0, counted: 0, failed: 0 });
});

it('rows of different aggregates that Temporal refuses alike are spared, visibly, until one start succeeds', async () => {
  target = temporalAddress;
  const made = bridge(connection);
  const start = made.starter.start.bind(made.starter);
  const refusal: StartOutcome = { kind: 'failed', code: 'START_REFUSED', detail: 'not today' };
  made.starter.start = async () => refusal;
  const ids = await written(30);
  await made.bridge.start();
  // The oldest due rows are claimed first: those that had their tries make room.
  const again = (below: number) =>
    database.pool.query(
      'UPDATE outbox_events SET next_attempt_at = now() WHERE published_at IS NULL AND lease_token IS NULL AND claim_count < $1',
      [below],
    );
  const tries = 'SELECT min(claim_count)::int AS least FROM outbox_events WHERE id = ANY ($1)';
  // More often than a row may fail by its own fault.
  await waitFor(async () => {
    await again(7);
    return ((await database.pool.query<{ least: number }>(tries, [ids])).rows[0]?.least ?? 0) >= 7;
  });
  expect(made.bridge.describe()).toEqual({ state: 'refused', reason: 'START_REFUSED: not today' });
  expect((await made.metrics.fuseBlown.get()).values[0]?.value).toBe(1);
  const state = await stateOf(ids);
  expect(state).toMatchObject({ started: 0, dead: 0 });
  // Only the rows before the fuse blew.
  expect(state['counted']).toBeLessThanOrEqual(2);
  made.starter.start = start;
  await waitFor(async () => {
    await again(1_000);
    return (await stateOf(ids))['started'] === ids.length;
  });
  expect(made.bridge.describe().state).not.toBe('refused');
  expect((await made.metrics.fuseBlown.get()).values[0]?.value).toBe(0);
});
