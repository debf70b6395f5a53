import { type Client } from '@temporalio/client';
import { type ClaimRequest } from '../../../outbox-bridge/ports';
import { type TestBridge, createTestBridge } from '../../support/bridge';
import { type TestDatabase, createTestDatabase } from '../../support/database';
import { insertEvent, newId } from '../../support/events';
import { createTestClient, testQueuePrefix } from '../../support/temporal';
import { waitFor } from '../../support/wait-for';

/** Neither by the server's clock nor by ours does a lease end by itself: the bridge's clock goes on only where a claim is slow. */
const leaseMs = 300_000;
let database: TestDatabase;
let client: Client;
let made: TestBridge | undefined;

beforeAll(async () => {
  database = await createTestDatabase();
  client = await createTestClient();
});
afterEach(() => made?.bridge.stop());
afterAll(async () => {
  await client.connection.close();
  await database.drop();
});

const isPublished = async (id: string): Promise<boolean> => {
  const { rowCount } = await database.pool.query(
    'SELECT FROM outbox_events WHERE id = $1 AND published_at IS NOT NULL',
    [id],
  );
  return rowCount === 1;
};

/** A bridge whose claims take longer than half a lease: in the server, before the lease, or on their way back, after it. */
function slowBridge(where: 'in the server' | 'on the way back'): TestBridge {
  let nowMs = 0;
  const test = createTestBridge({
    pool: database.pool,
    connection: client.connection as never,
    prefix: testQueuePrefix(),
    overrides: { leaseMs, now: () => nowMs },
  });
  const claim = test.store.claim.bind(test.store);
  const slowMs = leaseMs * 0.7;
  test.store.claim = async (request: ClaimRequest) => {
    const rows = await claim(request);
    if (rows.length > 0) nowMs += slowMs;
    return rows.map((row) => ({ ...row, claimMs: where === 'in the server' ? slowMs : 0 }));
  };
  return test;
}

const edited = () =>
  insertEvent(
    database.pool,
    'message.edited',
    { message_id: newId(), conversation_id: newId(), editor_id: newId() },
    { started: false },
  );

describe('a claim that takes longer than half a lease', () => {
  it('in the server is used: its lease is young', async () => {
    const { eventId } = await edited();
    made = slowBridge('in the server');
    await made.bridge.start();
    await waitFor(() => isPublished(eventId));
    expect(made.bridge.describe().state).not.toBe('stuck');
  });

  it('on the way back is not, and after three of them the bridge says why nothing is started, until it goes on', async () => {
    const { eventId } = await edited();
    made = slowBridge('on the way back');
    const { bridge, store } = made;
    await bridge.start();
    const { reason } = await waitFor(() => (bridge.describe().state === 'stuck' ? bridge.describe() : undefined));
    expect(reason).toMatch(
      /^\d+ claims in a row led to no start: rows come back untried; the last claim took \d+ ms, and is used up to 150000 ms$/,
    );
    expect(await isPublished(eventId)).toBe(false);
    const slow = store.claim;
    store.claim = (request) => slow(request).then((rows) => rows.map((row) => ({ ...row, claimMs: 0.7 * leaseMs })));
    await waitFor(() => isPublished(eventId));
    await waitFor(() => bridge.describe().state !== 'stuck');
  });
});
