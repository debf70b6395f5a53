import { type EventRef } from '../../../contracts/event-ref';
import { taskQueue } from '../../../contracts/workflow-types';
import { environmentOf } from '../../../dev/stack/addresses';
import { composeBridge } from '../../../outbox-bridge/compose';
import { bridgeSettings } from '../../../outbox-bridge/settings';
import { configFrom } from '../../../runtime/config';
import { type Service } from '../../../runtime/lifecycle';
import { type Logger } from '../../../runtime/logger';
import { insertEvent, newId } from '../../support/events';
import { PoisonLab } from '../../support/poison-lab';
import { servers } from '../../support/servers';
import { type TestWorkers, startTestWorkers, testQueuePrefix } from '../../support/temporal';
import { waitFor } from '../../support/wait-for';

let lab: PoisonLab;
let prefix: string;
let running: { services: Service[] } | undefined;
const workers: TestWorkers[] = [];
const lines: { level: string; about: Record<string, unknown>; text: string }[] = [];

beforeAll(async () => {
  lab = await PoisonLab.open();
});
beforeEach(() => {
  prefix = testQueuePrefix();
  lines.length = 0;
});
afterEach(async () => {
  for (const service of [...(running?.services ?? [])].reverse()) await service.stop();
  running = undefined;
  await Promise.all(workers.splice(0).map((worker) => worker.stop()));
});
afterAll(() => lab.close());

const logger = new Proxy({} as Logger, {
  get: (_, level) => (about: Record<string, unknown>, text: string) =>
    lines.push({ level: String(level), about, text }),
});

/** The bridge as its process composes it, chores and all. */
async function startBridge(): Promise<void> {
  const config = configFrom(bridgeSettings, {
    ...environmentOf(servers()),
    DATABASE_URL: lab.database.url,
    TASK_QUEUE_PREFIX: prefix,
    // None ends by itself: a second claim would be right then, and is counted here.
    OUTBOX_LEASE_MS: '60000',
  });
  running = composeBridge(config, logger);
  for (const service of running.services) await service.start();
}

const startWorker = async (queue: 'kafka' | 'identity') => {
  const workflowsPath = require.resolve(`../../../workflows/${queue === 'kafka' ? 'emit-only' : 'identity'}`);
  const activities = { emitEvent: async (_ref: EventRef) => undefined, identityApply: async () => ({}) };
  workers.push(await startTestWorkers({ prefix, queues: [queue], workflowsPath, activities }));
};

/** What the bridge says of its pauses; it says it every few seconds. */
const pausedTypes = async (): Promise<Record<string, string>> =>
  (await lab.database.pool.query<{ paused_types: Record<string, string> }>('SELECT paused_types FROM bridge_instances'))
    .rows[0]?.paused_types ?? {};

const userCreated = () =>
  insertEvent(lab.database.pool, 'identity.user.created', { user_id: newId(), username: 'u' }, { started: false });

it('a queue no worker polls pauses its types and says so, others go on, and a worker started late ends it', async () => {
  await startWorker('identity');
  await startBridge();
  const waiting = await lab.healthy();
  const flowing = await userCreated();
  await lab.started(flowing.eventId);
  const paused = `NO_POLLER: no worker polls ${taskQueue(prefix, 'kafka')}`;
  // At its first look the worker that is there may not have polled yet.
  await waitFor(async () => {
    const types = await pausedTypes();
    return types['message.edited'] === paused && !('identity.user.created' in types);
  });
  expect(lines).toContainEqual({
    level: 'error',
    about: {
      code: 'NO_POLLER',
      task_queue: taskQueue(prefix, 'kafka'),
      event_types: ['message.edited'],
    },
    text: expect.stringMatching(
      /^event types paused: no worker polls their queue\. Start the workers of that queue \(`npm run workers`\)/,
    ) as string,
  });
  expect(await lab.row(waiting.eventId)).toMatchObject({ claim_count: 0, retry_count: 0, last_error: null });

  await startWorker('kafka');
  await lab.started(waiting.eventId);
  await lab.client.workflow.getHandle<(ref: EventRef) => Promise<unknown>>(waiting.eventId).result();
  await waitFor(async () => !('message.edited' in (await pausedTypes())));
  expect(await lab.row(waiting.eventId)).toMatchObject({ claim_count: 1, retry_count: 0 });
});

it.each([
  ['an hour ahead', 3_600_000],
  ['an hour behind', -3_600_000],
])(
  'a machine’s clock that is %s pauses no type that is polled, and lets through none that is not',
  async (_what, step) => {
    await startWorker('kafka');
    const real = Date.now;
    const clock = jest.spyOn(Date, 'now').mockImplementation(() => real() + step);
    try {
      await startBridge();
      const [polled, unpolled] = [await lab.healthy(), await userCreated()];
      await lab.started(polled.eventId);
      await waitFor(async () => {
        const types = await pausedTypes();
        return 'identity.user.created' in types && !('message.edited' in types);
      });
      expect(await lab.row(unpolled.eventId)).toMatchObject({ claim_count: 0, published_at: null });
    } finally {
      clock.mockRestore();
    }
  },
);

it('a Temporal that throttles shrinks the window, counts nothing, and everything is started when it stops', async () => {
  const made = lab.bridge();
  const { starter, window } = made;
  const start = starter.start.bind(starter);
  let busy = true;
  for (let i = 0; i < 10_000; i++) window.succeeded(10, i);
  const wide = window.limit;
  starter.start = async (request) =>
    busy ? { kind: 'failed', code: 'TEMPORAL_BUSY', detail: 'namespace rate limit exceeded' } : start(request);
  const refs = await Promise.all(Array.from({ length: 8 }, () => lab.healthy()));
  await made.bridge.start();
  await waitFor(() => window.limit < wide / 3);
  expect(made.bridge.describe().state).not.toBe('outage');
  busy = false;
  for (const { eventId } of refs) {
    expect(await lab.started(eventId)).toMatchObject({ retry_count: 0, last_error: null, unfinished_claims: 0 });
  }
  await lab.stopBridges();
});
