import { setTimeout as sleep } from 'node:timers/promises';
import { type TestDatabase, createTestDatabase } from '../../support/database';
import { insertEvent, newId } from '../../support/events';
import { type OwnProcess, type OwnSystem, createOwnSystem } from '../../support/own-system';
import { servers } from '../../support/servers';
import { waitFor, waitUntilDone } from '../../support/wait-for';

/** Notices that wait at once. */
const many = 400;
/** Events of each other kind beside them. */
const others = 20;

let database: TestDatabase;
let system: OwnSystem;
let bridge: OwnProcess;

beforeAll(async () => {
  database = await createTestDatabase();
  system = await createOwnSystem(servers(), database.url);
  await system.startWorkers();
  bridge = await system.startBridge();
  await waitFor(async () => (await bridge.health()).ok, { what: 'the bridge' });
});
afterAll(async () => {
  await system.close();
  await database.drop();
});

const started = async (type: string): Promise<number> =>
  (await database.pool.query('SELECT FROM outbox_events WHERE event_type = $1 AND published_at IS NOT NULL', [type]))
    .rowCount ?? 0;
const unemitted = async (): Promise<number> =>
  (await database.pool.query('SELECT FROM outbox_events WHERE emitted_at IS NULL')).rowCount ?? 0;
const message = () => ({ message_id: newId(), conversation_id: newId(), sender_id: newId(), recipient_ids: [newId()] });

/** A worker process that says, until it is stopped, that starts of notices wait for a minute. */
function slowWorker(): { stop: () => Promise<void> } {
  let goesOn = true;
  const says = async (): Promise<void> => {
    while (goesOn) {
      await database.pool.query(
        `INSERT INTO start_waits (instance_id, task_queue, wait_ms) VALUES ('slow', $1, 60000)
         ON CONFLICT (instance_id, task_queue) DO UPDATE SET wait_ms = excluded.wait_ms, reported_at = clock_timestamp()`,
        [`${system.prefix}-notification`],
      );
      await sleep(50);
    }
    await database.pool.query(`DELETE FROM start_waits WHERE instance_id = 'slow'`);
  };
  const done = says();
  return { stop: () => ((goesOn = false), done) };
}

test('workers say what starts wait, by task queue, and the bridge shows it', async () => {
  await insertEvent(database.pool, 'message.persisted', message(), { started: false });
  await waitUntilDone(unemitted, { what: 'the notice' });
  const said = await waitFor(
    async () => {
      const { rows } = await database.pool.query<{ task_queue: string; wait_ms: number }>('SELECT * FROM start_waits');
      return rows.find(({ task_queue: queue }) => queue === `${system.prefix}-notification`);
    },
    { what: 'the word of the workers' },
  );
  expect(said.wait_ms).toBeGreaterThanOrEqual(0);
  expect(said.wait_ms).toBeLessThan(600_000);
  const pace = `nova_bridge_start_pace{task_queue="${system.prefix}-notification"}`;
  await waitFor(async () => (await bridge.metric(pace)) > 0, { what: 'the pace' });
});

test('what workers do not keep up with waits in the outbox; Critical events and other queues pass it', async () => {
  const slow = slowWorker();
  const pace = `nova_bridge_start_pace{task_queue="${system.prefix}-notification"}`;
  await waitFor(async () => (await bridge.metric(pace)) < 3, { what: 'a pace that follows the wait' });
  const before = await started('message.persisted');
  await database.pool.query(
    `INSERT INTO outbox_events (id, aggregate_id, event_type, payload)
     SELECT a.id, a.id, 'message.persisted', jsonb_build_object('message_id', a.id, 'conversation_id', a.id,
       'sender_id', gen_random_uuid(), 'recipient_ids', jsonb_build_array(gen_random_uuid()))
     FROM (SELECT gen_random_uuid() AS id FROM generate_series(1, $1::int)) a`,
    [many],
  );
  // One after another: long enough for all notices to be started, if they were.
  for (let n = 1; n <= others; n++) {
    const alert = { alert_id: newId(), user_id: newId(), kind: 'new_login' as const };
    await insertEvent(database.pool, 'security.alert.raised', alert, { started: false });
    await waitFor(async () => (await started('security.alert.raised')) === n, { what: 'the alert' });
    const user = { user_id: newId(), username: 'u' };
    await insertEvent(database.pool, 'identity.user.created', user, { started: false });
    await waitFor(async () => (await started('identity.user.created')) === n, { what: 'the user' });
  }
  expect((await started('message.persisted')) - before).toBeLessThan(many / 4);

  await slow.stop();
  await waitUntilDone(unemitted, { what: 'everything on Kafka' });
  expect((await started('message.persisted')) - before).toBe(many);
});
