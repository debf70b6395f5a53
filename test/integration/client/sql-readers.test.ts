import { Client } from 'pg';
import { Inbox } from '../../../client/inbox';
import { chooseChannels } from '../../../activities/notify/channel-choice';
import { type Preference } from '../../../activities/notify/pg-preferences';
import {
  type Channel,
  type NotificationKind,
  channels,
  notificationKinds,
} from '../../../contracts/notification-kinds';
import { makeLogins } from '../../../dev/logins';
import { type TestDatabase, createTestDatabase } from '../../support/database';
import { type DocumentedLogin, createSettingsLogin } from '../../support/documented-login';
import { newId } from '../../support/events';
import { insertUser } from '../../support/notify';

const kinds = Object.keys(notificationKinds) as NotificationKind[];

let database: TestDatabase;
let reader: Client;
/** A login with the grants of docs/sql.md for a settings page and an inbox. */
let settings: Client;
let login: DocumentedLogin;
beforeAll(async () => {
  database = await createTestDatabase();
  const urls = await makeLogins(database.url);
  login = await createSettingsLogin(database);
  reader = new Client({ connectionString: urls.reader });
  settings = new Client({ connectionString: login.url });
  await Promise.all([reader.connect(), settings.connect()]);
});
afterAll(async () => {
  await Promise.all([reader.end(), settings.end()]);
  await login.drop();
  await database.drop();
});

async function notice(recipient: string, options: { actor?: string; inApp?: boolean; retracted?: boolean } = {}) {
  const { rows } = await database.pool.query<{ id: number }>(
    `INSERT INTO notifications (event_id, recipient_id, kind, actor_id, subject_type, subject_id, item_type, item_id, sequence, in_app, retracted_at)
     VALUES ($1, $2, 'post.mention', $3, 'post', 'a', 'post', 'a', 1, $4, $5) RETURNING id`,
    [newId(), recipient, options.actor ?? newId(), options.inApp ?? true, options.retracted ? new Date() : null],
  );
  return rows[0]!.id;
}

const listed = async (client: Client, recipient: string) =>
  (
    await client.query<{ id: number; read: boolean; event_id: string; kind: string; actor_id: string }>(
      'SELECT * FROM nova.nova_inbox WHERE recipient_id = $1 ORDER BY id DESC',
      [recipient],
    )
  ).rows;

describe('nova_inbox', () => {
  it('lists what the TypeScript reader lists: nothing taken back, nothing of hidden or deleted people', async () => {
    const bob = newId();
    const shown = [await notice(bob), await notice(bob, { actor: await insertUser(database.pool) })];
    await notice(bob, { inApp: false });
    await notice(bob, { retracted: true });
    await notice(bob, { actor: await insertUser(database.pool, { state: 'hidden' }) });
    await notice(bob, { actor: await insertUser(database.pool, { state: 'deleted' }) });
    await notice(newId());
    const ours = (await new Inbox(database.pool).list(bob, { limit: 50 })).entries;
    for (const client of [reader, settings]) {
      const rows = await listed(client, bob);
      expect(rows.map(({ id }) => Number(id))).toEqual([...shown].reverse().map(Number));
      expect(
        rows.map(({ id, event_id, kind, actor_id, read }) => ({
          id: String(id),
          eventId: event_id,
          kind,
          actorId: actor_id,
          read,
        })),
      ).toEqual(ours.map(({ id, eventId, kind, actorId, read }) => ({ id: String(id), eventId, kind, actorId, read })));
    }
  });

  it('counts and marks as read, as the TypeScript reader does', async () => {
    const bob = newId();
    const [, middle] = [await notice(bob), await notice(bob), await notice(bob)];
    const inbox = new Inbox(database.pool);
    const unread = async () => {
      const sql = 'SELECT count(*)::int AS n FROM nova.nova_inbox WHERE recipient_id = $1 AND NOT read';
      return (await reader.query<{ n: number }>(sql, [bob])).rows[0]!.n;
    };
    expect([await unread(), await inbox.unreadCount(bob)]).toEqual([3, 3]);
    const mark = async () =>
      (await settings.query<{ n: number }>('SELECT nova.nova_mark_read($1, $2) AS n', [bob, middle])).rows[0]!.n;
    expect([await mark(), await mark()]).toEqual([2, 0]);
    expect([await unread(), await inbox.unreadCount(bob)]).toEqual([1, 1]);
  });

  it('loses what is deleted by its owner, as for the TypeScript reader, and nothing else', async () => {
    const [bob, eve] = [newId(), newId()];
    const [kept, gone] = [await notice(bob), await notice(bob)];
    const inbox = new Inbox(database.pool);
    const lists = async () => [
      (await listed(reader, bob)).map(({ id }) => Number(id)),
      (await inbox.list(bob)).entries.map(({ id }) => id),
    ];
    const remove = async (client: Client, recipient: string, id: number) =>
      (await client.query<{ n: number }>('SELECT nova.nova_delete_notice($1, $2) AS n', [recipient, id])).rows[0]!.n;
    expect(await remove(settings, eve, gone)).toBe(0);
    expect(await remove(settings, bob, gone)).toBe(1);
    expect(await remove(settings, bob, gone)).toBe(0);
    expect(await lists()).toEqual([[Number(kept)], [Number(kept)]]);
    // A second try of the event must find its row.
    const { rows } = await database.pool.query('SELECT in_app FROM notifications WHERE id = $1', [gone]);
    expect(rows).toEqual([{ in_app: false }]);
    await expect(remove(reader, bob, kept)).rejects.toThrow(/permission denied/);
  });

  it('reads by the indexes of the inbox, for a page and for the count', async () => {
    await database.pool.query(
      `INSERT INTO notifications (event_id, recipient_id, kind, subject_type, subject_id, item_type, item_id, sequence, in_app)
       SELECT gen_random_uuid(), gen_random_uuid(), 'post.mention', 'post', '', 'post', '', 1, true FROM generate_series(1, 20000)`,
    );
    await database.pool.query('ANALYZE notifications');
    const wheres = ['AND id < 99999999 ORDER BY id DESC LIMIT 20', 'AND NOT read'];
    for (const where of wheres) {
      const sql = `EXPLAIN SELECT * FROM nova.nova_inbox WHERE recipient_id = '${newId()}' ${where}`;
      const plan = (await database.pool.query<Record<string, string>>(sql)).rows
        .map((row) => row['QUERY PLAN'])
        .join('\n');
      expect(plan).toMatch(/idx_notifications_(inbox|unread)/);
      expect(plan).not.toMatch(/Seq Scan on notifications|Filter: \(.*read_at IS NOT NULL/);
    }
  });
});

describe('preferences in SQL', () => {
  type Row = { kind: string; channel: string; enabled: boolean; is_default: boolean; locked: boolean };
  const read = async (client: Client, user: string) =>
    (await client.query<Row>('SELECT * FROM nova.nova_preferences($1)', [user])).rows;
  const set = (user: string, kind: string | null, channel: string, enabled: boolean) =>
    settings.query('SELECT nova.nova_set_preference($1, $2, $3, $4)', [user, kind, channel, enabled]);

  /** What the workers would choose for this person. */
  function chosen(user: string, said: readonly Preference[]): Record<string, boolean> {
    const all = chooseChannels(
      kinds.map((kind) => ({ recipientId: user, kind })),
      said,
      new Set(['email']),
    );
    return Object.fromEntries(
      all.flatMap(({ kind, inApp, external }) =>
        channels.map((channel) => [
          `${kind} ${channel}`,
          channel === 'in_app' ? inApp : external.some((one) => one.channel === channel && one.skipped === undefined),
        ]),
      ),
    );
  }
  const asMap = (rows: readonly Row[]) => Object.fromEntries(rows.map((r) => [`${r.kind} ${r.channel}`, r.enabled]));

  it('are all kinds on all channels, with the defaults, for a person who said nothing', async () => {
    const user = newId();
    for (const client of [reader, settings]) {
      const rows = await read(client, user);
      expect(asMap(rows)).toEqual(chosen(user, []));
      expect(rows.every(({ is_default }) => is_default)).toBe(true);
    }
    expect((await read(reader, user)).filter(({ locked }) => locked).map(({ kind }) => kind)).toEqual([
      'security.alert',
      'security.alert',
    ]);
  });

  it('are what the workers act by, whatever a person has said', async () => {
    const user = newId();
    const said: Preference[] = kinds.flatMap((kind) =>
      channels.map((channel: Channel) => ({
        userId: user,
        kind,
        channel,
        enabled: !notificationKinds[kind].defaultChannels.some((one) => one === channel),
      })),
    );
    for (const { kind, channel, enabled } of said.filter(({ kind }) => kind !== 'security.alert')) {
      await set(user, kind, channel, !enabled);
      await set(user, kind, channel, enabled);
    }
    // By an INSERT of a service that does not know what is locked.
    await settings.query(`INSERT INTO nova.notification_preferences VALUES ($1, 'security.alert', 'email', false)`, [
      user,
    ]);
    const stored = said.filter(({ kind, channel }) => kind !== 'security.alert' || channel === 'email');
    const rows = await read(reader, user);
    expect(asMap(rows)).toEqual(chosen(user, stored));
    expect(rows.find(({ kind }) => kind === 'post.mention')?.is_default).toBe(false);
  });

  it.each([
    [
      'post.mentions',
      'in_app',
      /no kind "post\.mentions" on channel "in_app"; kinds: .*post\.mention, .*; channels: email, in_app/,
    ],
    ['post.mention', 'inapp', /no kind "post\.mention" on channel "inapp"/],
    [null, 'in_app', /no kind null/],
    ['security.alert', 'email', /security\.alert on channel email cannot be switched off/],
  ])('refuse the kind %s on the channel %s, with the ones there are', async (kind, channel, message) => {
    const refused = set(newId(), kind, channel, false);
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.toMatchObject({ code: '22023', constraint: 'INVALID_PREFERENCE' });
  });

  it.each([
    ['post.mentions', 'in_app'],
    ['post.mention', 'inapp'],
  ])('are refused also as a plain INSERT: %s on %s', async (kind, channel) => {
    const insert = settings.query('INSERT INTO nova.notification_preferences VALUES ($1, $2, $3, true)', [
      newId(),
      kind,
      channel,
    ]);
    await expect(insert).rejects.toThrow(/notification_preferences_known/);
  });

  it('may not be written by a login that reads', async () => {
    await expect(
      reader.query(`SELECT nova.nova_set_preference($1, 'post.mention', 'email', false)`, [newId()]),
    ).rejects.toThrow(/permission denied/);
  });
});
