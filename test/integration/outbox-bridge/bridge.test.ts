import { Context } from '@temporalio/activity';
import { type Client } from '@temporalio/client';
import { type EventRef } from '../../../contracts/event-ref';
import { publish } from '../../../client/publish';
import { inTransaction } from '../../../runtime/postgres';
import { type TestBridge, createTestBridge, endLeases } from '../../support/bridge';
import { type TestDatabase, createTestDatabase } from '../../support/database';
import { insertEvent, newId } from '../../support/events';
import { createTestClient, startTestWorkers, testQueuePrefix, type TestWorkers } from '../../support/temporal';
import { waitFor } from '../../support/wait-for';

let database: TestDatabase;
let client: Client;
let workers: TestWorkers;
let prefix: string;
/** What the emit was called with, and by which run. A run may call it again: a try that was late is repeated. */
const emitted: { readonly ref: EventRef; readonly runId: string | undefined }[] = [];
const bridges: TestBridge[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  client = await createTestClient();
  prefix = testQueuePrefix();
  // message.edited has no effect but the emit: its workflow shows what the bridge started, and in which order.
  workers = await startTestWorkers({
    prefix,
    workflowsPath: require.resolve('../../../workflows/emit-only'),
    queues: ['kafka'],
    activities: {
      emitEvent: async (ref: EventRef) =>
        void emitted.push({ ref, runId: Context.current().info.workflowExecution?.runId }),
    },
  });
});
afterEach(async () => {
  await Promise.all(bridges.splice(0).map(({ bridge }) => bridge.stop()));
  await database.pool.query(
    `UPDATE outbox_events SET dead_lettered_at = now() WHERE published_at IS NULL AND dead_lettered_at IS NULL`,
  );
});
afterAll(async () => {
  await workers.stop();
  await client.connection.close();
  await database.drop();
});

function bridge(overrides: Parameters<typeof createTestBridge>[0]['overrides'] = {}): TestBridge {
  const made = createTestBridge({ pool: database.pool, connection: client.connection as never, prefix, overrides });
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

/** Every different call of an event's emit. */
const emitsOf = (id: string) => [
  ...new Set(emitted.filter(({ ref }) => ref.eventId === id).map((emit) => JSON.stringify(emit))),
];

const rowOf = async (id: string) => {
  const { rows } = await database.pool.query<Record<string, unknown>>('SELECT * FROM outbox_events WHERE id = $1', [
    id,
  ]);
  return rows[0] ?? {};
};

describe('a committed row', () => {
  it('becomes exactly one workflow whose id is the event id, found by its search attributes', async () => {
    const ref = await edited();
    await bridge().bridge.start();
    const row = await waitFor(async () => (await rowOf(ref.eventId))['published_at'] && rowOf(ref.eventId));
    await expect(client.workflow.getHandle(ref.eventId).result()).resolves.toMatchObject({ outcome: 'done' });
    expect(row).toMatchObject({ retry_count: 0, last_error: null, lease_token: null, claim_count: 1 });
    const run = await client.workflow.getHandle(ref.eventId).describe();
    expect(run.type).toBe('emitWorkflow');
    expect(run.searchAttributes).toMatchObject({
      EventType: ['message.edited'],
      AggregateId: [ref.aggregateId],
      EventPriority: ['high'],
    });
    // In the Web UI: what the event is, and what the run does.
    expect(await run.staticSummary()).toBe(`message.edited · conversation ${ref.aggregateId}`);
    expect(await run.staticDetails()).toMatch(
      /^\*\*message.edited\*\*: [A-Z].*\.\n\n\*\*emitWorkflow\*\*: No orchestrated effect/,
    );
    expect(emitsOf(ref.eventId)).toEqual([JSON.stringify({ ref, runId: run.runId })]);
  });

  it('is never started when its transaction rolled back', async () => {
    const id = newId();
    await inTransaction(database.pool, async (tx) => {
      await publish(tx, {
        id,
        type: 'message.edited',
        payload: { message_id: newId(), conversation_id: newId(), editor_id: newId() },
      });
      throw new Error('business failed');
    }).catch(() => undefined);
    const after = await edited();
    await bridge().bridge.start();
    await waitFor(async () => (await rowOf(after.eventId))['published_at']);
    expect(await rowOf(id)).toEqual({});
    await expect(client.workflow.getHandle(id).describe()).rejects.toThrow(/not found/i);
  });

  it('committed late, after rows with higher sequences, is not skipped', async () => {
    const late = await database.pool.connect();
    await late.query('BEGIN');
    const ref = await insertEvent(
      late,
      'message.edited',
      { message_id: newId(), conversation_id: newId(), editor_id: newId() },
      { started: false },
    );
    const early = await edited();
    await bridge().bridge.start();
    await waitFor(async () => (await rowOf(early.eventId))['published_at']);
    expect(early.sequence).toBeGreaterThan(ref.sequence);
    await late.query('COMMIT');
    late.release();
    await waitFor(async () => (await rowOf(ref.eventId))['published_at']);
  });
});

describe('three bridges on one table', () => {
  it('start every row once and the rows of one aggregate in their order', async () => {
    const conversations = Array.from({ length: 6 }, () => newId());
    const refs: EventRef[] = [];
    for (let i = 0; i < 120; i++) refs.push(await edited(conversations[i % conversations.length]));
    const order: string[] = [];
    for (let i = 0; i < 3; i++) {
      const made = bridge();
      const { starter } = made;
      const start = starter.start.bind(starter);
      starter.start = async (request) => {
        order.push(request.ref.eventId);
        return start(request);
      };
    }
    await Promise.all(bridges.map((one) => one.bridge.start()));
    await waitFor(async () => {
      const { rows } = await database.pool.query<{ n: number }>(
        'SELECT count(*) AS n FROM outbox_events WHERE id = ANY ($1) AND published_at IS NOT NULL',
        [refs.map((ref) => ref.eventId)],
      );
      return rows[0]?.n === refs.length;
    });
    expect(order).toHaveLength(refs.length);
    for (const conversation of conversations) {
      const expected = refs.filter((ref) => ref.aggregateId === conversation).map((ref) => ref.eventId);
      expect(order.filter((id) => expected.includes(id))).toEqual(expected);
    }
  });
});

describe('a bridge that dies between start and mark', () => {
  it('is made up for when its lease ends: the repeated start meets the same run', async () => {
    const ref = await edited();
    const dying = bridge();
    dying.store.settle = async () => 0; // the process is gone before the mark
    await dying.bridge.start();
    const firstRun = (
      await waitFor(() =>
        client.workflow
          .getHandle(ref.eventId)
          .describe()
          .catch(() => undefined),
      )
    ).runId;
    await dying.bridge.stop();
    expect((await rowOf(ref.eventId))['published_at']).toBeNull();
    await endLeases(database.pool);
    await bridge().bridge.start();
    await waitFor(async () => (await rowOf(ref.eventId))['published_at']);
    expect((await client.workflow.getHandle(ref.eventId).describe()).runId).toBe(firstRun);
    await client.workflow.getHandle(ref.eventId).result();
    expect(emitsOf(ref.eventId)).toEqual([JSON.stringify({ ref, runId: firstRun })]);
    const row = await rowOf(ref.eventId);
    expect(row['claim_count']).toBeGreaterThanOrEqual(2);
    expect(row).toMatchObject({ retry_count: 0 });
  });

  it('changes nothing when it wakes up after its lease: the token guards the mark', async () => {
    const ref = await edited();
    const { store } = bridge();
    const lanes = { perPriority: [1, 1, 1, 1], floor: 0, heads: 1 } as const;
    const take = () => store.claim({ token: newId(), leaseMs: 300_000, lanes, maxRows: 1, pausedSpellings: [] });
    const [stale] = await take();
    await endLeases(database.pool);
    const [current] = await take();
    expect(stale?.id).toBe(ref.eventId);
    expect(await store.settle([{ kind: 'dead-lettered', row: stale!, error: 'stale', countsAttempt: true }])).toBe(0);
    expect(await store.settle([{ kind: 'started', row: current! }])).toBe(1);
    expect(await rowOf(ref.eventId)).toMatchObject({ dead_lettered_at: null, retry_count: 0 });
  });
});

describe('a graceful stop', () => {
  it('finishes the start in flight, gives the rest of the run back at once, and leaves no lease', async () => {
    const conversation = newId();
    const refs = [await edited(conversation), await edited(conversation), await edited(conversation)];
    const made = bridge();
    const start = made.starter.start.bind(made.starter);
    let release: (() => void) | undefined;
    made.starter.start = async (request) => {
      await new Promise<void>((resolve) => (release = resolve));
      return start(request);
    };
    await made.bridge.start();
    await waitFor(() => release);
    const stopped = made.bridge.stop();
    release?.();
    await stopped;
    const rows = await Promise.all(refs.map((ref) => rowOf(ref.eventId)));
    expect(rows.map((row) => row['published_at'] !== null)).toEqual([true, false, false]);
    expect(rows.map((row) => row['lease_token'])).toEqual([null, null, null]);
    await bridge().bridge.start();
    await waitFor(async () => (await rowOf(refs[2]!.eventId))['published_at']);
  });
});
