import { createNotifyActivities } from '../../../../activities/notify/notify-activities';
import { type DeliveryChannel, type SendOutcome } from '../../../../activities/notify/channel';
import { type EventRef } from '../../../../contracts/event-ref';
import { type NotificationKind, notificationKinds } from '../../../../contracts/notification-kinds';
import { skippedDeliveries, skippedLine } from '../../../../ops/status/skipped-deliveries';
import { inActivity } from '../../../support/activity-context';
import { type TestDatabase, createTestDatabase } from '../../../support/database';
import { insertEvent, newId } from '../../../support/events';
import { deliveriesOf, insertUser, notificationsOf, notifyDeps } from '../../../support/notify';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

/** A mail server that is away until a test says otherwise. */
function mailServer() {
  const away: SendOutcome = { kind: 'not_sent', reason: 'SMTP_CONNECT', scope: 'channel' };
  const server = { outcome: away, sent: [] as string[] } as { outcome: SendOutcome; sent: string[] };
  const channel: DeliveryChannel = {
    name: 'email',
    destinations: ({ email }) => (email === undefined ? [] : [email]),
    compose: () => ({ subject: '', text: '' }),
    send: ({ address }) => {
      if (server.outcome.kind === 'accepted') server.sent.push(address);
      return Promise.resolve(server.outcome);
    },
  };
  const up = () => void (server.outcome = { kind: 'accepted' });
  return { server, channel, up };
}

type Server = ReturnType<typeof mailServer>;
const activitiesWith = ({ channel }: Server, sendsPerActorPerHour = 10) =>
  createNotifyActivities(notifyDeps(database.pool, { email: channel, limits: { sendsPerActorPerHour } }));

async function mention(server: Server, actor?: string, recipient?: string, limit?: number) {
  const [sender, bob] = [actor ?? (await insertUser(database.pool)), recipient ?? (await insertUser(database.pool))];
  const event = await insertEvent(database.pool, 'message.persisted', {
    ...{ message_id: newId(), conversation_id: newId(), sender_id: sender, mentioned_user_ids: [bob] },
  });
  await inActivity(() => activitiesWith(server, limit).notifyInApp(event, null));
  return { event, bob, sender };
}
async function alert(server: Server, recipient?: string, limit?: number) {
  const bob = recipient ?? (await insertUser(database.pool));
  const event = await insertEvent(database.pool, 'security.alert.raised', {
    ...{ alert_id: newId(), user_id: bob, kind: 'new_login' },
  });
  await inActivity(() => activitiesWith(server, limit).notifyInApp(event, null));
  return { event, bob };
}
const deliver = (server: Server, event: EventRef) =>
  inActivity(() => activitiesWith(server).notifyDeliver(event, 'email'));
const switchOff = (userId: string, kind: NotificationKind) =>
  // By a plain INSERT: the client refuses to switch off what is locked.
  database.pool.query('INSERT INTO notification_preferences VALUES ($1, $2, $3, false)', [userId, kind, 'email']);

describe('a message that waited for the mail server', () => {
  it('is not sent when the person has switched it off meanwhile', async () => {
    const server = mailServer();
    const { event, bob } = await mention(server);
    await expect(deliver(server, event)).rejects.toMatchObject({ type: 'CHANNEL_UNAVAILABLE' });
    await switchOff(bob, 'message.mention');
    server.up();
    expect(await deliver(server, event)).toMatchObject({ sent: 0, skipped: 1 });
    expect(await deliveriesOf(database.pool, event.eventId)).toMatchObject([
      { state: 'skipped', reason: 'SWITCHED_OFF' },
    ]);
    expect(server.server.sent).toEqual([]);
  });

  it('is sent when it is of a kind that cannot be switched off', async () => {
    const server = mailServer();
    const { event, bob } = await alert(server);
    await expect(deliver(server, event)).rejects.toMatchObject({ type: 'CHANNEL_UNAVAILABLE' });
    await switchOff(bob, 'security.alert');
    server.up();
    expect(await deliver(server, event)).toMatchObject({ sent: 1 });
  });

  it('is not sent when it is older than its kind may be', async () => {
    const server = mailServer();
    const { event } = await mention(server);
    const hours = notificationKinds['message.mention'].expiresAfterHours;
    const aged = (by: number): EventRef => ({ ...event, createdAtMs: event.createdAtMs - by * 3_600_000 });
    await expect(deliver(server, aged(hours - 1))).rejects.toMatchObject({ type: 'CHANNEL_UNAVAILABLE' });
    server.up();
    expect(await deliver(server, aged(hours + 1))).toMatchObject({ sent: 0, skipped: 1 });
    expect(await deliveriesOf(database.pool, event.eventId)).toMatchObject([{ state: 'skipped', reason: 'TOO_OLD' }]);
  });
});

it('says in the status what was not sent, and why', async () => {
  const server = mailServer();
  const { event, bob } = await mention(server);
  await switchOff(bob, 'message.mention');
  await deliver(server, event);
  const skipped = await skippedDeliveries(database.pool);
  expect(skipped['SWITCHED_OFF']).toBeGreaterThan(0);
  expect(skippedLine({ LIMITED: 3, TOO_OLD: 1 })).toBe('\nnot sent in the last day: LIMITED 3 · TOO_OLD 1');
  expect(skippedLine({})).toBe('');
});

describe('what one person may cause another', () => {
  const reasons = async (events: readonly EventRef[]) =>
    (await Promise.all(events.map(({ eventId }) => deliveriesOf(database.pool, eventId)))).map(
      (rows) => rows[0]?.reason,
    );

  it('is so many messages an hour; the rest is in the inbox only', async () => {
    const server = mailServer();
    server.up();
    const first = await mention(server, undefined, undefined, 3);
    const more = [];
    for (let i = 0; i < 4; i++) more.push((await mention(server, first.sender, first.bob, 3)).event);
    const events = [first.event, ...more];
    expect(await reasons(events)).toEqual([null, null, null, 'LIMITED', 'LIMITED']);
    for (const event of events) await deliver(server, event);
    expect(server.server.sent).toHaveLength(3);
    for (const { eventId } of events)
      expect(await notificationsOf(database.pool, eventId)).toMatchObject([{ in_app: true, retracted: false }]);
  });

  it('holds for a burst as well, and is counted once for an event that is processed again', async () => {
    const server = mailServer();
    const [actor, bob] = [await insertUser(database.pool), await insertUser(database.pool)];
    const burst = await Promise.all(Array.from({ length: 12 }, () => mention(server, actor, bob, 5)));
    const events = burst.map(({ event }) => event);
    await Promise.all(events.map((event) => inActivity(() => activitiesWith(server, 5).notifyInApp(event, null))));
    expect((await reasons(events)).filter((reason) => reason === null)).toHaveLength(5);
  });

  it('is counted for each pair of people, and begins again after an hour', async () => {
    const server = mailServer();
    const first = await mention(server, undefined, undefined, 1);
    const other = await mention(server, first.sender, undefined, 1);
    const limited = await mention(server, first.sender, first.bob, 1);
    await database.pool.query(
      `UPDATE send_allowances SET window_began = window_began - interval '61 minutes' WHERE actor_id = $1`,
      [first.sender],
    );
    const later = await mention(server, first.sender, first.bob, 1);
    expect(await reasons([first.event, other.event, limited.event, later.event])).toEqual([
      null,
      null,
      'LIMITED',
      null,
    ]);
  });

  it('does not count what no one caused', async () => {
    const server = mailServer();
    const bob = await insertUser(database.pool);
    const alerts = [];
    for (let i = 0; i < 3; i++) alerts.push((await alert(server, bob, 1)).event);
    expect(await reasons(alerts)).toEqual([null, null, null]);
  });
});
