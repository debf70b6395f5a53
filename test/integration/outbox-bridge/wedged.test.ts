import { type WorkflowStarter } from '../../../outbox-bridge/ports';
import { type TestBridge, createTestBridge } from '../../support/bridge';
import { type TestDatabase, createTestDatabase } from '../../support/database';
import { insertEvent, newId } from '../../support/events';
import { waitFor } from '../../support/wait-for';

let database: TestDatabase;
let bridge: TestBridge | undefined;

beforeAll(async () => {
  database = await createTestDatabase();
});

afterAll(async () => {
  await bridge?.bridge.stop();
  await database.drop();
});

it('starts what is behind rows on which Temporal hangs, more of them than the window holds', async () => {
  const edited = async (): Promise<string> => {
    const payload = { message_id: newId(), conversation_id: newId(), editor_id: newId() };
    return (await insertEvent(database.pool, 'message.edited', payload, { started: false })).eventId;
  };
  const wedged = new Set<string>();
  for (let i = 0; i < 24; i += 1) wedged.add(await edited());
  const behind = [await edited(), await edited()];
  const starter: WorkflowStarter = {
    // Temporal replies to all requests but these: as it does while it holds the lock of one workflow.
    start: ({ ref }) =>
      Promise.resolve(
        wedged.has(ref.eventId)
          ? { kind: 'failed', code: 'TEMPORAL_UNAVAILABLE', detail: 'Deadline exceeded' }
          : { kind: 'started' },
      ),
    lookUp: () => Promise.resolve('unknown'),
    probe: () => Promise.resolve(),
  };
  bridge = createTestBridge({ pool: database.pool, connection: {} as never, prefix: 'unused', overrides: { starter } });
  await bridge.bridge.start();
  await waitFor(
    async () => {
      const { rows } = await database.pool.query<{ n: number }>(
        'SELECT count(*)::int AS n FROM outbox_events WHERE id = ANY ($1::uuid[]) AND published_at IS NOT NULL',
        [behind],
      );
      return rows[0]?.n === behind.length;
    },
    { what: 'the rows behind' },
  );
});
