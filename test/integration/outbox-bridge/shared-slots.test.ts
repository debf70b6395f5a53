import { AloneGate } from '../../../outbox-bridge/alone-gate';
import { type StartOutcome, type WorkflowStarter } from '../../../outbox-bridge/ports';
import { StartSlots } from '../../../outbox-bridge/start-slots';
import { StartWindow } from '../../../outbox-bridge/start-window';
import { aloneAfterClaims } from '../../../outbox/thresholds';
import { type TestBridge, createTestBridge } from '../../support/bridge';
import { type TestDatabase, createTestDatabase } from '../../support/database';
import { newId } from '../../support/events';
import { waitFor } from '../../support/wait-for';

/** Two outboxes of one process: what their loops share is the product's, and each start ends when the test says so. */
let databases: readonly TestDatabase[];
let bridges: readonly TestBridge[];
let window: StartWindow;
let log: string[];
const open = new Map<string, (outcome: StartOutcome) => void>();

const starter: WorkflowStarter = {
  start: ({ ref }) => {
    log.push(`start ${ref.eventId}`);
    return new Promise((resolve) => open.set(ref.eventId, resolve));
  },
  lookUp: async () => 'unknown',
  probe: async () => undefined,
};
const end = (id: string): void => {
  log.push(`end ${id}`);
  open.get(id)?.({ kind: 'started' });
  open.delete(id);
};

beforeEach(async () => {
  databases = [await createTestDatabase(), await createTestDatabase()];
  [log, window] = [[], new StartWindow({ min: 4, max: 16, slowMs: 500 })];
  const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
  const [slots, gate] = [new StartSlots(window), new AloneGate({ now: Date.now, sleep })];
  bridges = databases.map(({ pool }, i) => {
    const overrides = { outbox: { name: `outbox-${i}` }, window, slots: slots.of(`outbox-${i}`), gate, starter };
    return createTestBridge({ pool, connection: {} as never, prefix: 'unused', overrides });
  });
});
afterEach(async () => {
  const stopped = Promise.all(bridges.map(({ bridge }) => bridge.stop()));
  let isStopped = false;
  void stopped.then(() => (isStopped = true));
  await waitFor(() => {
    for (const id of [...open.keys()]) end(id);
    return isStopped;
  });
  await Promise.all(databases.map((database) => database.drop()));
});

async function row(outbox: number, priority = 2): Promise<string> {
  const [id, conversation] = [newId(), newId()];
  const payload = JSON.stringify({ message_id: newId(), conversation_id: conversation, editor_id: newId() });
  await databases[outbox]!.pool.query(
    `INSERT INTO outbox_events (id, aggregate_id, event_type, payload, priority) VALUES ($1, $2, 'message.edited', $3, $4)`,
    [id, conversation, payload, priority],
  );
  return id;
}

const isLeased = (outbox: number, id: string) => async () =>
  (await databases[outbox]!.pool.query('SELECT FROM outbox_events WHERE id = $1 AND lease_token IS NOT NULL', [id]))
    .rowCount === 1;

it('a backlog of Low rows that hang holds up no Critical row of another outbox, and no Normal one beyond a turn', async () => {
  for (let i = 0; i < 40; i++) await row(0, 3);
  await bridges[0]!.bridge.start();
  // All slots but those for Critical rows.
  const others = window.limit - 1;
  await waitFor(() => log.length === others);
  await bridges[1]!.bridge.start();
  const critical = await row(1, 0);
  await waitFor(() => log.includes(`start ${critical}`));
  expect(log.filter((line) => line.startsWith('end'))).toEqual([]);

  const normal = await row(1, 2);
  await waitFor(isLeased(1, normal));
  const [first] = [...open.keys()];
  end(first!);
  // The next slot is the other outbox's, though Low rows have waited for longer.
  await waitFor(() => log.at(-1)?.startsWith('start'));
  expect(log.slice(-2)).toEqual([`end ${first}`, `start ${normal}`]);
});

it('a row that may kill the process is started while nothing of another outbox is in hand', async () => {
  const before = await row(1);
  await bridges[1]!.bridge.start();
  await waitFor(() => log.includes(`start ${before}`));
  const suspect = await row(0);
  await databases[0]!.pool.query('UPDATE outbox_events SET unfinished_claims = $1', [aloneAfterClaims]);
  await bridges[0]!.bridge.start();
  await waitFor(isLeased(0, suspect));
  const after = await row(1);
  end(before);
  await waitFor(() => log.includes(`start ${suspect}`));
  end(suspect);
  await waitFor(() => log.includes(`start ${after}`));
  expect(log).toEqual([before, suspect].flatMap((id) => [`start ${id}`, `end ${id}`]).concat(`start ${after}`));
});
