import { type Client } from '@temporalio/client';
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
import { servers } from '../../support/servers';
import { type TestWorkers, createTestClient, startTestWorkers, testQueuePrefix } from '../../support/temporal';
import { waitFor } from '../../support/wait-for';

let [state, database]: TestDatabase[] = [];
let proxy: FaultProxy;
let client: Client;
let workers: TestWorkers;
let services: Service[] = [];
let port = 0;

beforeAll(async () => {
  const prefix = testQueuePrefix();
  [state, database] = [await createTestDatabase(), await createTestDatabase()];
  const { hostname: host, port: databasePort } = new URL(servers().databaseUrl);
  proxy = await startFaultProxy({ host, port: Number(databasePort) });
  client = await createTestClient();
  const workflowsPath = require.resolve('../../../workflows/emit-only');
  const activities = { emitEvent: async () => undefined };
  workers = await startTestWorkers({ prefix, queues: ['kafka'], workflowsPath, activities });
  ({ temporalMetrics: port = 0 } = await choosePorts(['temporalMetrics'], {}, {}));
  // Only the session that listens passes through the proxy: the database itself is there all the time.
  const listenUrl = new URL(database.url);
  [listenUrl.hostname, listenUrl.port] = ['127.0.0.1', String(proxy.port)];
  const config = configFrom(bridgeSettings, {
    ...environmentOf(servers()),
    ...{ DATABASE_URL: state.url, TASK_QUEUE_PREFIX: prefix, BRIDGE_METRICS_PORT: String(port) },
    OUTBOXES: JSON.stringify([{ name: 'content', url: database.url, listenUrl: listenUrl.href }]),
  });
  services = [...composeBridge(config, silentLogger).services];
  for (const service of services) void service.start();
});
afterAll(async () => {
  proxy.set('pass');
  for (const service of services.reverse()) await service.stop();
  await workers.stop();
  await client.connection.close();
  await proxy.close();
  await Promise.all([state, database].map((each) => each!.drop()));
});

/** Writes a row, says so or not, and waits for its start. */
async function row(nudge: boolean): Promise<void> {
  const [id, conversation] = [newId(), newId()];
  const payload = JSON.stringify({ message_id: newId(), conversation_id: conversation, editor_id: newId() });
  await database!.pool.query(
    `INSERT INTO outbox_events (id, aggregate_id, event_type, payload) VALUES ($1, $2, 'message.edited', $3)`,
    [id, conversation, payload],
  );
  if (nudge) await database!.pool.query(`SELECT pg_notify('outbox_nudge', '')`);
  const isStarted = async (): Promise<boolean> =>
    (await database!.pool.query('SELECT FROM outbox_events WHERE id = $1 AND published_at IS NOT NULL', [id]))
      .rowCount === 1;
  await waitFor(isStarted, { what: `${id} started`, timeoutMs: 120_000 });
  // The next one comes to an outbox that rests.
  await new Promise((resolve) => setTimeout(resolve, 200));
}

async function isNudged(): Promise<boolean> {
  const page = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return /^nova_bridge_nudged{outbox="content"} 1$/m.test(page);
}
/** A nudge that a starved machine delivers after more than a second announces nothing, and the count begins again. */
async function announceUntilNudged(): Promise<void> {
  for (let rows = 0; rows < 300 && !(await isNudged()); rows++) await row(true);
  await becomes(true);
}
const becomes = (nudged: boolean) => waitFor(async () => (await isNudged()) === nudged, { what: `nudged: ${nudged}` });

it('an outbox is polled rarely once nudges have announced what came, and often again after a row that none announced', async () => {
  await row(false);
  expect(await isNudged()).toBe(false);
  await announceUntilNudged();
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  await row(false);
  await becomes(false);
  await announceUntilNudged();
});

it('is polled often while the listening session is gone without a word, and rarely when it is back', async () => {
  await announceUntilNudged();
  proxy.set('half-open');
  await becomes(false);
  await row(true);
  proxy.set('pass');
  await becomes(true);
});
