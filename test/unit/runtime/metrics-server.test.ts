import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { Registry } from 'prom-client';
import { processRegistry } from '../../../runtime/process-registry';
import { MetricsServer, type MetricsServerOptions, reasonCode } from '../../../runtime/metrics-server';

let server: MetricsServer;

async function start(options: Partial<MetricsServerOptions> = {}): Promise<string> {
  const health = () => ({ ok: false, reason: 'TEMPORAL_UNAVAILABLE: 14 connect ECONNREFUSED 10.0.0.1:7233' });
  const ready = () => ({ ok: false, reason: 'STOPPING' });
  server = new MetricsServer({
    port: 0,
    portSetting: 'BRIDGE_METRICS_PORT',
    registry: new Registry(),
    health,
    ready,
    ...options,
  });
  await server.start();
  return `http://127.0.0.1:${server.port}`;
}

afterEach(() => server.stop());

it('listens on loopback alone unless another address is given', async () => {
  await start();
  const outside = Object.values(networkInterfaces())
    .flat()
    .filter((address) => address?.family === 'IPv4' && !address.internal);
  for (const address of outside) {
    await expect(fetch(`http://${address?.address}:${server.port}/metrics`)).rejects.toThrow();
  }
  await server.stop();
  await start({ host: '0.0.0.0' });
  for (const address of outside) {
    expect((await fetch(`http://${address?.address}:${server.port}/metrics`)).status).toBe(200);
  }
});

it('gives the code of a reason and nothing else', async () => {
  const response = await fetch(`${await start()}/healthz`);
  expect(response.status).toBe(503);
  expect(await response.text()).toBe('{"ok":false,"reason":"TEMPORAL_UNAVAILABLE"}');
  expect(reasonCode('no Temporal at db.internal:7233')).toBe('SEE_LOGS');
  expect(reasonCode('STOPPING')).toBe('STOPPING');
});

it('is alive while it is neither ready nor healthy, and ready when it says so', async () => {
  const url = await start();
  const live = await fetch(`${url}/livez`);
  expect([live.status, await live.json()]).toEqual([200, { ok: true, reason: null }]);
  const ready = await fetch(`${url}/readyz`);
  expect([ready.status, await ready.json()]).toEqual([503, { ok: false, reason: 'STOPPING' }]);
  await server.stop();
  const other = await start({ ready: () => ({ ok: true, reason: null }) });
  expect([(await fetch(`${other}/readyz`)).status, (await fetch(`${other}/healthz`)).status]).toEqual([200, 503]);
});

it('names the setting of a port that is taken', async () => {
  await start();
  const taken = Number(server.port);
  const options = { registry: new Registry(), health: jest.fn(), ready: jest.fn() };
  const other = new MetricsServer({ ...options, port: taken, portSetting: 'WORKER_HEALTH_PORT' });
  await expect(other.start()).rejects.toThrow(
    new RegExp(`127.0.0.1:${taken} \\(METRICS_HOST, WORKER_HEALTH_PORT\\): .*EADDRINUSE`),
  );
});

it('has the figures of the process at /metrics, and which build it is', async () => {
  const url = await start({ registry: processRegistry({ buildCommit: 'abc1234' }) });
  const text = await (await fetch(`${url}/metrics`)).text();
  expect(text).toMatch(/^process_cpu_seconds_total \d/m);
  expect(text).toMatch(/^nodejs_eventloop_lag_p99_seconds \d/m);
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  expect(text).toContain(`nova_build_info{version="${version}",commit="abc1234",node="${process.versions.node}"} 1`);
});

it('knows four pages and no method that changes anything', async () => {
  const url = await start({ health: () => ({ ok: true, reason: null }) });
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  expect((await fetch(`${url}/else`)).status).toBe(404);
  expect((await fetch(`${url}/metrics`, { method: 'POST', body: 'x' })).status).toBe(405);
});

it('survives a page that fails', async () => {
  const url = await start({
    health: () => {
      throw new Error('broken');
    },
  });
  await expect(fetch(`${url}/healthz`)).rejects.toThrow();
  expect((await fetch(`${url}/metrics`)).status).toBe(200);
});

it('ends a client that sends its request too slowly, and refuses more than it can serve', async () => {
  await start();
  const sockets = Array.from({ length: 40 }, () => connect(Number(server.port), '127.0.0.1'));
  const closed = sockets.map((socket) => new Promise<void>((resolve) => socket.on('close', () => resolve())));
  for (const socket of sockets)
    socket
      .on('error', () => undefined)
      .resume()
      .write('GET /metrics HTTP/1.1\r\n');
  // Eight beyond the limit at once, the others when their time is over.
  await Promise.all(closed);
  expect((await fetch(`http://127.0.0.1:${server.port}/metrics`)).status).toBe(200);
});
