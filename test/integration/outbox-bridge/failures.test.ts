import { type Client } from '@temporalio/client';
import { type EventRef } from '../../../contracts/event-ref';
import { PausesOfAll } from '../../../outbox-bridge/pauses-of-all';
import { PollerWatch } from '../../../outbox-bridge/poller-watch';
import { type TestBridge, createTestBridge } from '../../support/bridge';
import { type TestDatabase, createTestDatabase } from '../../support/database';
import { insertEvent, newId } from '../../support/events';
import { silentLogger } from '../../support/logger';
import { servers } from '../../support/servers';
import { createTestClient, startTestWorkers, testQueuePrefix, type TestWorkers } from '../../support/temporal';
import { waitFor } from '../../support/wait-for';

let database: TestDatabase;
let client: Client;
let workers: TestWorkers | undefined;
let prefix: string;
const bridges: TestBridge[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  client = await createTestClient();
});
beforeEach(() => {
  prefix = testQueuePrefix();
});
afterEach(async () => {
  await Promise.all(bridges.splice(0).map(({ bridge }) => bridge.stop()));
  await workers?.stop();
  workers = undefined;
  await database.pool.query(
    `UPDATE outbox_events SET dead_lettered_at = now() WHERE published_at IS NULL AND dead_lettered_at IS NULL`,
  );
});
afterAll(async () => {
  await client.connection.close();
  await database.drop();
});

function bridge(
  options: { overrides?: Parameters<typeof createTestBridge>[0]['overrides']; namespace?: string } = {},
): TestBridge {
  const made = createTestBridge({ pool: database.pool, connection: client.connection as never, prefix, ...options });
  bridges.push(made);
  return made;
}

const edited = (conversation = newId()) =>
  insertEvent(
    database.pool,
    'message.edited',
    { message_id: newId(), conversation_id: conversation, editor_id: newId() },
    { started: false },
  );

/** As any service might, with no help from our client. */
async function insertRaw(eventType: string, payload: string, aggregateId = newId(), version?: number): Promise<string> {
  const id = newId();
  await database.pool.query(
    'INSERT INTO outbox_events (id, aggregate_id, event_type, payload, schema_version) VALUES ($1, $2, $3, $4::jsonb, $5)',
    [id, aggregateId, eventType, payload, version ?? null],
  );
  return id;
}

const rowOf = async (id: string) => {
  const { rows } = await database.pool.query<Record<string, unknown>>('SELECT * FROM outbox_events WHERE id = $1', [
    id,
  ]);
  return rows[0] ?? {};
};
const started = (id: string) => waitFor(async () => (await rowOf(id))['published_at'], { what: `row ${id} started` });
const dead = (id: string) =>
  waitFor(async () => (await rowOf(id))['dead_lettered_at'] && rowOf(id), { what: `row ${id} dead-lettered` });

describe('a row at fault', () => {
  it.each([
    [
      'a payload that is no object',
      'message.edited',
      '[1,2]',
      undefined,
      /^INVALID_PAYLOAD: .*must be a JSON object, got an array/,
    ],
    [
      'a payload that does not fit',
      'message.edited',
      '{"message_id": 7}',
      undefined,
      /^INVALID_PAYLOAD: .*message_id.*editor_id/,
    ],
    ['a version that never was', 'message.edited', '{}', 0, /^INVALID_ROW: schema_version 0 .*1 to 1/],
    [
      'a payload of 900 kB',
      'message.edited',
      JSON.stringify({ message_id: newId(), editor_id: newId(), filler: 'x'.repeat(900_000) }),
      undefined,
      /^PAYLOAD_TOO_LARGE: .*900\d+ bytes/,
    ],
  ])(
    'with %s is dead-lettered at once with its reason, and the aggregate goes on',
    async (_what, type, payload, version, reason) => {
      const aggregate = newId();
      const bad = await insertRaw(type, payload, aggregate, version);
      const next = await edited(aggregate);
      await bridge().bridge.start();
      await started(next.eventId);
      expect(await dead(bad)).toMatchObject({
        retry_count: 1,
        published_at: null,
        lease_token: null,
        last_error: expect.stringMatching(reason) as string,
      });
      await expect(client.workflow.getHandle(bad).describe()).rejects.toThrow(/not found/i);
    },
  );

  it('is tried five times with growing pauses while Temporal refuses it, then dead-lettered; only its aggregate waits', async () => {
    const aggregate = newId();
    const refused = await edited(aggregate);
    const behind = await edited(aggregate);
    const other = await edited();
    const made = bridge();
    const { store, starter } = made;
    const [start, settle] = [starter.start.bind(starter), store.settle.bind(store)];
    const events: string[] = [];
    starter.start = async (request) => {
      if (request.ref.eventId === behind.eventId) events.push('the one behind is started');
      return request.ref.eventId === refused.eventId
        ? { kind: 'failed', code: 'START_REFUSED', detail: 'no' }
        : start(request);
    };
    store.settle = (settlements) => {
      for (const settlement of settlements) {
        if (settlement.row.id !== refused.eventId) continue;
        events.push(settlement.kind === 'failed' ? `waits ${settlement.delayMs} ms` : settlement.kind);
      }
      return settle(settlements);
    };
    await made.bridge.start();
    await started(other.eventId);
    await waitFor(async () => {
      await database.pool.query(`UPDATE outbox_events SET next_attempt_at = now() WHERE id = $1`, [refused.eventId]);
      return (await rowOf(behind.eventId))['published_at'];
    });
    expect(events).toEqual([
      ...[1_000, 2_000, 4_000, 8_000].map((ms) => `waits ${ms} ms`),
      'dead-lettered',
      'the one behind is started',
    ]);
    expect(await dead(refused.eventId)).toMatchObject({ retry_count: 5, last_error: 'START_REFUSED: no' });
  });

  it('whose id a stranger’s workflow owns is quarantined, not marked', async () => {
    const ref = await edited();
    await client.workflow.start('emitWorkflow', { workflowId: ref.eventId, taskQueue: `${prefix}-kafka`, args: [] });
    await bridge().bridge.start();
    expect(await dead(ref.eventId)).toMatchObject({
      published_at: null,
      last_error: expect.stringMatching(/^FOREIGN_WORKFLOW/) as string,
    });
    await client.workflow.getHandle(ref.eventId).terminate();
  });
});

describe('the retention guard', () => {
  it('marks an old unmarked row whose run Temporal still knows, and parks one that Temporal has forgotten', async () => {
    const known = await edited();
    const forgotten = await edited();
    const first = bridge();
    first.store.settle = async () => 0;
    const start = first.starter.start.bind(first.starter);
    first.starter.start = async (request) =>
      request.ref.eventId === known.eventId ? start(request) : { kind: 'started' };
    await first.bridge.start();
    await waitFor(() =>
      client.workflow
        .getHandle(known.eventId)
        .describe()
        .catch(() => undefined),
    );
    await first.bridge.stop();
    await database.pool.query(
      `UPDATE outbox_events SET first_attempt_at = now() - interval '8 days', lease_until = now() WHERE id = ANY ($1)`,
      [[known.eventId, forgotten.eventId]],
    );
    await bridge().bridge.start();
    await started(known.eventId);
    expect(await dead(forgotten.eventId)).toMatchObject({
      last_error: expect.stringMatching(/^RETENTION_PASSED: first tried 8\.0 days ago/) as string,
    });
    await expect(client.workflow.getHandle(forgotten.eventId).describe()).rejects.toThrow(/not found/i);
  });
});

describe('a fault of the environment', () => {
  it('pauses an event type whose queue no worker polls, lets the others go on, and resumes by itself', async () => {
    const made = bridge();
    const watch = new PollerWatch({
      connection: client.connection as never,
      namespace: servers().temporalNamespace,
      taskQueuePrefix: prefix,
      pauses: new PausesOfAll(() => [made.pauses]),
      logger: silentLogger,
      onResume: () => made.pacer.nudge(),
    });
    workers = await startTestWorkers({
      prefix,
      workflowsPath: require.resolve('../../../workflows/emit-only'),
      queues: ['notification'],
      activities: {
        emitEvent: async (_ref: EventRef) => undefined,
        notifyInApp: async () => ({ created: 0, next: null, emails: 0, stopped: false }),
      },
    });
    await waitFor(async () => (await watch.look(), made.pauses.describe()['security.alert.raised'] === undefined));
    const waiting = await edited();
    const flowing = await insertEvent(
      database.pool,
      'security.alert.raised',
      { alert_id: newId(), user_id: newId(), kind: 'new_login' },
      { started: false },
    );
    await made.bridge.start();
    await started(flowing.eventId);
    expect(await rowOf(waiting.eventId)).toMatchObject({ claim_count: 0, retry_count: 0, published_at: null });
    expect(made.pauses.describe()).toMatchObject({ 'message.edited': expect.stringContaining('NO_POLLER') as string });
    await workers.stop();
    workers = await startTestWorkers({
      prefix,
      workflowsPath: require.resolve('../../../workflows/emit-only'),
      queues: ['kafka'],
      activities: { emitEvent: async (_ref: EventRef) => undefined },
    });
    await waitFor(async () => (await watch.look(), made.pauses.describe()['message.edited'] === undefined));
    await started(waiting.eventId);
  });

  it('pauses the types that a missing search attribute fails, counts no attempt, and parks no row', async () => {
    const namespace = `bare-${newId().slice(0, 8)}`;
    await client.connection.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
    });
    const ref = await edited();
    const made = bridge({ namespace });
    await made.bridge.start();
    await waitFor(async () => String((await rowOf(ref.eventId))['last_error']).startsWith('SEARCH_ATTRIBUTE_MISSING'));
    // Every few seconds the pause lets one try through.
    await waitFor(() => made.pauses.spellings().includes('message.edited'));
    await made.bridge.stop();
    expect(await rowOf(ref.eventId)).toMatchObject({ retry_count: 0, dead_lettered_at: null, lease_token: null });
  });
});

describe('an outage of Temporal', () => {
  it('burns no attempt, shows its reason on the row, stops the claims, and ends by itself in order', async () => {
    const conversation = newId();
    const refs = [await edited(conversation), await edited(conversation)];
    const made = bridge();
    let down = true;
    const { starter } = made;
    const [start, probe] = [starter.start.bind(starter), starter.probe.bind(starter)];
    starter.start = async (request) =>
      down ? { kind: 'failed', code: 'TEMPORAL_UNAVAILABLE', detail: 'gone' } : start(request);
    let probes = 0;
    starter.probe = async () => (probes++, down ? Promise.reject(new Error('still gone')) : probe());
    await made.bridge.start();
    // Once it probes, no claim is under way that began before the outage; what that one took is given back.
    const given = await waitFor(async () => {
      const row = await rowOf(refs[0]!.eventId);
      return probes > 0 && row['last_error'] !== null && row['lease_token'] === null ? row : undefined;
    });
    expect(given).toMatchObject({ retry_count: 0, last_error: 'TEMPORAL_UNAVAILABLE: gone' });
    expect(made.bridge.describe().state).toBe('outage');
    const until = probes + 3;
    await waitFor(() => probes >= until);
    expect(await rowOf(refs[0]!.eventId)).toEqual(given);
    expect(made.window.limit).toBe(4);
    down = false;
    await started(refs[1]!.eventId);
    expect(await rowOf(refs[0]!.eventId)).toMatchObject({ retry_count: 0, last_error: null });
  });
});
