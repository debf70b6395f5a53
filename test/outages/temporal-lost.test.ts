import { Client, Connection } from '@temporalio/client';
import { replayRunId } from '../../contracts/maintenance';
import { urlsOf } from '../../dev/logins';
import { type MailSink, startMailSink } from '../../proof/observe/mail-sink';
import { type TestDatabase, createTestDatabase } from '../support/database';
import { insertUser } from '../support/notify';
import { step } from '../support/step';
import { type CommandResult, runOps } from '../support/ops-command';
import { type OwnServer, startOwnServer } from '../support/own-stack';
import { type OwnProcess, type OwnSystem, createOwnSystem, migrate, untilReady } from '../support/own-system';
import { waitFor } from '../support/wait-for';
import { expectAllDone, expectFeeds, rowsOf } from './evidence';
import { type Traffic, createTraffic } from './traffic';

jest.setTimeout(1_200_000);

let temporal: OwnServer;
let database: TestDatabase;
let mails: MailSink;
let client: Client;
let system: OwnSystem;
let traffic: Traffic;
let bridge: OwnProcess;
let workers: OwnProcess;

beforeAll(async () => {
  [temporal, database, mails] = await Promise.all([startOwnServer('temporal'), createTestDatabase(), startMailSink()]);
  const { temporalAddress, temporalNamespace } = temporal.addresses;
  client = new Client({ connection: Connection.lazy({ address: temporalAddress }), namespace: temporalNamespace });
  system = await createOwnSystem(temporal.addresses, database.url, {
    SMTP_URL: mails.url,
    EMAILS_PER_ACTOR_PER_HOUR: '1000',
    AUDIT_EVERY_S: '0',
    AUDIT_SETTLE_S: '0',
    AUDIT_GRACE_MS: '100',
  });
  // It writes down to which deployment the database belongs.
  await migrate(system.environment);
  traffic = await createTraffic(database.pool);
  // Alerts go to their inbox and by e-mail.
  await insertUser(database.pool, { id: traffic.owner });
  [workers, bridge] = await Promise.all([system.startWorkers(), system.startBridge()]);
  await untilReady(bridge, workers);
});

afterAll(async () => {
  const ends = await Promise.allSettled([system?.close()]);
  await Promise.allSettled([client?.connection.close()]);
  await Promise.allSettled([temporal?.close(), database?.drop(), mails?.close()]);
  expect(ends).toEqual([{ status: 'fulfilled', value: undefined }]);
});

const nova = (...args: string[]): Promise<CommandResult> =>
  runOps({ ...system.environment, DATABASE_URL: urlsOf(database.url).operator }, ...args);

/** Message ids of the e-mails that the alerts of the story cause, once each. */
const alerts = () => traffic.story.events.filter(({ type }) => type === 'security.alert.raised').length;

it('what was under way when Temporal lost all it had is rebuilt from the outbox: nothing is lost and nothing done twice', async () => {
  const { story, round } = traffic;
  step('events are published; their effects are done, e-mails are sent');
  for (let i = 0; i < 3; i++) await round();
  await expectAllDone(database.pool, story);
  await waitFor(() => mails.received.length === alerts(), { what: 'the e-mails' });

  step(
    'more of them; the workers are killed in the middle, so that some are half done and some started and nothing else',
  );
  for (let i = 0; i < 10; i++) await round();
  await waitFor(async () => (await rowsOf(database.pool, story)).filter(({ started }) => started).length > 30);
  workers.kill();
  for (let i = 0; i < 5; i++) await round();
  const allStarted = async () => (await rowsOf(database.pool, story)).every(({ started }) => started);
  await waitFor(allStarted, { what: 'every row started' });
  const started = story.events.length;
  const before = await rowsOf(database.pool, story);
  expect(before.filter(({ emitted }) => !emitted).length).toBeGreaterThanOrEqual(30);

  step('Temporal is killed and its database is gone; services go on writing');
  await temporal.lose();
  await round();
  await temporal.start();

  step('an empty Temporal is started: the bridge refuses it (WRONG_DEPLOYMENT), nothing is started unasked');
  const refused = async () => (await bridge.health()).reason?.includes('WRONG_DEPLOYMENT');
  await waitFor(refused, { timeoutMs: 120_000, what: 'the bridge refusing the new Temporal' });
  step('all processes are stopped; npm run migrate -- --adopt; bridges and workers are started');
  await bridge.stop();
  await migrate(system.environment, '--adopt');
  [workers, bridge] = await Promise.all([system.startWorkers(), system.startBridge()]);
  await untilReady(bridge, workers);

  step('what was written meanwhile is started by itself');
  await waitFor(allStarted, { what: 'what was written meanwhile is started' });
  step('npx nova replays plan lost --lost: everything that was started and that Temporal does not know');
  const planned = await nova(
    'replays',
    'plan',
    'lost',
    '--lost',
    '--since',
    '1h',
    '--reason',
    'Temporal lost',
    '--json',
  );
  expect({ code: planned.code, stderr: planned.stderr }).toEqual({ code: 0, stderr: '' });
  expect(JSON.parse(planned.stdout)).toMatchObject({ frozen: true, events: started, refused: [], more: false });
  step('npx nova replays start lost: worked off');
  expect(await nova('replays', 'start', 'lost', '--per-second', '50')).toMatchObject({ code: 0 });
  await client.workflow.getHandle(replayRunId(system.prefix, 'lost')).result();
  const shown = await nova('replays', 'show', 'lost', '--json');
  expect(JSON.parse(shown.stdout)).toMatchObject({
    progress: { planned: 0, completed: started, failed: 0, refused: 0 },
  });

  step('every event is done, every feed is right, and no e-mail was sent twice');
  await expectAllDone(database.pool, story);
  await expectFeeds(temporal.addresses.redisUrl, system.prefix, story);
  const sent = mails.received.map(({ messageId }) => messageId);
  expect(sent.length).toBe(new Set(sent).size);
  expect(sent.length).toBe(alerts());

  step('a second plan finds nothing to do, and the audit has nothing to say');
  const again = await nova('replays', 'plan', 'lost-2', '--lost', '--since', '1h', '--reason', 'again', '--json');
  expect(again.code).toBe(1);
  const { events, refused: why } = JSON.parse(again.stdout) as { events: number; refused: { events: number }[] };
  expect({ events, refused: why.map(({ events: count }) => count) }).toEqual({ events: 0, refused: [started] });
  const audit = await nova('audit', '--since', '1h', '--json');
  expect(JSON.parse(audit.stdout)).toMatchObject({ unexplained: 0, waitForPerson: 0 });
});
