import { Client } from 'pg';
import { makeLogins } from '../../../dev/logins';
import { actOf, doing, doingElsewhere } from '../../../ops/acts/acts';
import { type TestDatabase, createTestDatabase } from '../../support/database';
import { insertEvent, newId } from '../../support/events';
import { runOps } from '../../support/ops-command';
import { noon, turn } from '../../support/partitions';

let database: TestDatabase;
let operatorUrl: string;
let bridgeUrl: string;
beforeAll(async () => {
  database = await createTestDatabase();
  ({ operator: operatorUrl, bridge: bridgeUrl } = await makeLogins(database.url));
  await database.pool.query(
    `UPDATE outbox_event_types SET after_dead_letter = 'hold' WHERE event_type = 'message.edited'`,
  );
});
afterEach(() => database.pool.query('DELETE FROM operator_acts; DELETE FROM outbox_events'));
afterAll(() => database.drop());

const redisPrefix = `acts-test-${newId()}:`;
const ops = (...args: string[]) =>
  runOps({ DATABASE_URL: operatorUrl, REDIS_KEY_PREFIX: redisPrefix, OPS_ACTOR: 'ada' }, ...args);

interface Listed {
  readonly actor: string;
  readonly command: string;
  readonly done: number | null;
  readonly ids: string[];
  readonly reason: string | null;
}
const acts = async (...args: string[]) => JSON.parse((await ops('acts', '--json', ...args)).stdout) as Listed[];

async function deadLetter(error = 'INVALID_PAYLOAD: z', type = 'message.edited') {
  const payload = { message_id: newId(), conversation_id: newId(), editor_id: newId(), content: 'x' };
  const { eventId } = await insertEvent(database.pool, 'message.edited', payload, { started: false });
  await database.pool.query(`UPDATE outbox_events SET event_type = $2 WHERE id = $1`, [eventId, type]);
  if (error !== '')
    await database.pool.query(`UPDATE outbox_events SET dead_lettered_at = now(), last_error = $2 WHERE id = $1`, [
      eventId,
      error,
    ]);
  return eventId;
}

describe('what a person does with the tools', () => {
  it('is written down by each command that changes something: who, when, why, what', async () => {
    const [letter, holder, misspelt] = [await deadLetter(), await deadLetter(), await deadLetter('', 'no.such')];
    await database.pool.query(
      `INSERT INTO audit_findings (event_id, kind, detail, first_seen, last_seen) VALUES ('${misspelt}', 'stuck', 'x', now(), now())`,
    );
    const reader = newId();
    const commands = [
      ['requeue', letter],
      ['release-hold', holder, '--yes'],
      ['give-up', misspelt, '--yes'],
      ['audit', '--acknowledge', misspelt],
      ['rebuild-feeds', reader],
    ];
    for (const command of commands)
      expect([command, (await ops(...command, '--reason', 'incident 7')).code]).toEqual([command, 0]);
    const common = { actor: 'ada', login: 'nova_operator_login', reason: 'incident 7', planned: 1, done: 1 };
    expect(await acts()).toEqual(
      [
        ['rebuild-feeds', reader],
        ['audit --acknowledge', misspelt],
        ['give-up', misspelt],
        ['release-hold', holder],
        ['requeue', letter],
      ].map(([command, id]) => expect.objectContaining({ ...common, command, ids: [id] }) as object),
    );
    const text = (await ops('acts', '--of', misspelt)).stdout;
    expect(text.split('\n').filter((line) => line !== '')).toHaveLength(3);
    expect(text).toMatch(/give-up +1 +incident 7/);
  });

  it('is there only with what it did: an act that cannot be written leaves the rows as they were', async () => {
    const letter = await deadLetter();
    await database.pool.query('ALTER TABLE operator_acts ADD CONSTRAINT no_room CHECK (false) NOT VALID');
    const refused = await ops('requeue', letter);
    await database.pool.query('ALTER TABLE operator_acts DROP CONSTRAINT no_room');
    expect(refused.code).toBe(2);
    const { rows } = await database.pool.query('SELECT FROM outbox_events WHERE dead_lettered_at IS NOT NULL');
    expect(rows).toHaveLength(1);
    const act = actOf({ actor: 'ada', command: 'requeue', planned: 1 });
    const failing = doing(database.pool, act, async (client) => {
      await client.query('UPDATE outbox_events SET dead_lettered_at = NULL');
      throw new Error('the second statement failed');
    });
    await expect(failing).rejects.toThrow('the second');
    expect((await database.pool.query('SELECT FROM operator_acts')).rows).toEqual([]);
    expect((await ops('requeue', newId())).code).toBe(1);
    expect(await acts()).toEqual([]);
  });

  it('is written before what happens in other servers, so that a command that dies leaves its beginning', async () => {
    const act = actOf({ actor: 'ada', command: 'replay', planned: 2 });
    let before: unknown;
    const died = doingElsewhere(database.pool, act, ['a', 'b'], async () => {
      before = (await database.pool.query('SELECT done, ids FROM operator_acts')).rows;
      throw new Error('Temporal is away');
    });
    await expect(died).rejects.toThrow('away');
    expect(before).toEqual([{ done: null, ids: ['a', 'b'] }]);
    expect(await acts()).toEqual([expect.objectContaining({ done: null, planned: 2, ids: ['a', 'b'] })]);
    expect((await ops('acts')).stdout).toContain('end not known, of 2');
  });

  it('is added to and read by an operator, who cannot change, delete or antedate it, nor name another login', async () => {
    await ops('requeue', await deadLetter());
    const client = new Client({ connectionString: operatorUrl });
    await client.connect();
    const insert = (column: string, value: string) =>
      `INSERT INTO nova.operator_acts (invocation, actor, host, command, planned, ${column}) VALUES (gen_random_uuid(), 'a', 'h', 'c', 1, ${value})`;
    for (const statement of [
      `UPDATE nova.operator_acts SET actor = 'eve'`,
      'DELETE FROM nova.operator_acts',
      'TRUNCATE nova.operator_acts',
      insert('login', `'eve'`),
      insert('at', `'2020-01-01'`),
    ])
      await expect(client.query(statement)).rejects.toThrow('permission denied');
    await client.query(insert('reason', `'x'`));
    await client.end();
    expect(await acts()).toHaveLength(2);
  });

  it('expires after its own time, in turns of the bridge', async () => {
    const old = (days: number) =>
      database.pool.query(
        `INSERT INTO operator_acts (invocation, at, actor, host, command, planned) VALUES (gen_random_uuid(), ${noon(days)}, 'a', 'h', 'c', 1)`,
      );
    await Promise.all([old(10), old(100), old(800), old(900)]);
    const left = async () => (await database.pool.query('SELECT FROM operator_acts')).rows.length;
    await turn(database.pool, { keepDays: { readNotifications: 0, tombstones: 0, operatorActs: 0 } });
    expect(await left()).toBe(4);
    await turn(database.pool);
    expect(await left()).toBe(2);
    const bridge = new Client({ connectionString: bridgeUrl });
    await bridge.connect();
    await expect(bridge.query(`UPDATE nova.operator_acts SET actor = 'eve'`)).rejects.toThrow('permission denied');
    await bridge.end();
    // Never before the retention of the outbox: the audit asks as long what was discarded.
    await turn(database.pool, { keepDays: { readNotifications: 0, tombstones: 0, operatorActs: 1 } });
    expect(await left()).toBe(1);
  });
});
