import { Client } from 'pg';
import { makeLogins } from '../../../dev/logins';
import { type TestDatabase, createTestDatabase } from '../../support/database';
import { insertEvent, newId } from '../../support/events';
import { runOps } from '../../support/ops-command';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

let database: TestDatabase;
let [operatorUrl, deskUrl] = ['', ''];
/** A person who is an operator and has the desk, as the runbook says. */
const person = `desk_test_${newId().slice(0, 8)}`;
beforeAll(async () => {
  database = await createTestDatabase();
  operatorUrl = (await makeLogins(database.url)).operator;
  await database.pool.query(`CREATE ROLE ${person} LOGIN PASSWORD 'x' IN ROLE nova_operator, nova_desk`);
  const url = new URL(database.url);
  [url.username, url.password] = [person, 'x'];
  deskUrl = url.href;
  await database.pool.query(
    `UPDATE outbox_event_types SET after_dead_letter = 'hold' WHERE event_type = 'message.edited'`,
  );
});
afterEach(() => database.pool.query('DELETE FROM operator_acts; DELETE FROM outbox_events'));
afterAll(async () => {
  const name = person;
  await database.drop();
  await dropRole(name);
});

async function dropRole(name: string): Promise<void> {
  const admin = new Client({ connectionString: database.url.replace(/\/[^/]*$/, '/postgres') });
  await admin.connect();
  await admin.query(`DROP ROLE ${name}`);
  await admin.end();
}

const redisPrefix = `desk-test-${newId()}:`;
const letters = (...args: string[]) =>
  runOps({ DATABASE_URL: deskUrl, REDIS_KEY_PREFIX: redisPrefix, OPS_ACTOR: 'ada' }, 'dead-letters', ...args);

interface Row {
  readonly payload: Record<string, unknown>;
  readonly dead: boolean;
  readonly aggregate_id: string;
}
const rowOf = async (id: string) =>
  (
    await database.pool.query<Row>(
      'SELECT payload, dead_lettered_at IS NOT NULL AS dead, aggregate_id FROM outbox_events WHERE id = $1',
      [id],
    )
  ).rows[0];
const actsOf = async (id: string) =>
  (
    await database.pool.query<{ command: string; login: string; details: Record<string, unknown> }>(
      'SELECT command, login, reason, details FROM operator_acts WHERE ids @> ARRAY[$1] ORDER BY id',
      [id],
    )
  ).rows;

async function written(payload: Record<string, unknown> = {}, aggregateId = newId()) {
  const whole = { message_id: newId(), conversation_id: aggregateId, editor_id: newId(), content: 'x', ...payload };
  return (await insertEvent(database.pool, 'message.edited', whole, { started: false, aggregateId })).eventId;
}
async function deadLetter(error: string, payload: Record<string, unknown> = {}, columns = '') {
  const id = await written(payload);
  await database.pool.query(
    `UPDATE outbox_events SET dead_lettered_at = now(), last_error = $2, claim_count = 1${columns} WHERE id = $1`,
    [id, error],
  );
  return id;
}
/** Its editor is a number, which no bridge starts. */
const poisoned = () => deadLetter('INVALID_PAYLOAD: editor_id: Expected string', { editor_id: 7 });
const why = ['--reason', 'incident 9'];

describe('dead letters that failed alike', () => {
  it('are one group, whatever ids and numbers their reasons name', async () => {
    const first = await deadLetter(`START_REFUSED: ${newId()} was refused 3 times in 1.5 s`);
    const last = await deadLetter(`START_REFUSED: ${newId()} was refused 12 times in 20 s\nand more`);
    const other = await deadLetter('START_REFUSED: quota');
    await database.pool.query(`UPDATE outbox_events SET dead_lettered_at = now() - interval '1 hour' WHERE id = $1`, [
      first,
    ]);
    const { stdout } = await letters('groups', '--json');
    const common = { outbox: 'main', code: 'START_REFUSED', eventType: 'message.edited' };
    expect(JSON.parse(stdout)).toEqual([
      expect.objectContaining({
        ...{ ...common, count: 2, example: last, reason: 'START_REFUSED: <id> was refused # times in # s' },
      }),
      expect.objectContaining({ ...common, count: 1, example: other, reason: 'START_REFUSED: quota' }),
    ]);
    const list = await letters('--code', 'START_REFUSED');
    expect(list.stdout.split('\n').filter((line) => line.includes('START_REFUSED:'))).toHaveLength(3);
  });

  it('are requeued together by a plan of groups that is asked about, but those that may have run and been forgotten', async () => {
    const possible = [await poisoned(), await poisoned(), await poisoned()];
    const old = `, first_attempt_at = now() - interval '90 days', claim_count = 3`;
    const forgotten = await deadLetter('INVALID_PAYLOAD: x', {}, old.replace(', claim_count = 3', ''));
    await database.pool.query('UPDATE outbox_events SET claim_count = 3 WHERE id = $1', [forgotten]);
    const other = await deadLetter('START_REFUSED: y');
    const asked = await letters('requeue', '--code', 'INVALID_PAYLOAD');
    expect(asked.stdout).toMatch(/INVALID_PAYLOAD +message\.edited +3 +1 +first tried 90\.0 days ago/);
    expect(asked).toMatchObject({ code: 1, stdout: expect.stringContaining('repeat with --yes') as string });
    expect((await rowOf(possible[0]!))?.dead).toBe(true);
    const done = await letters('requeue', '--code', 'INVALID_PAYLOAD', '--per-second', '2', '--yes', '--json', ...why);
    expect(JSON.parse(done.stdout)).toMatchObject({ plan: [{ count: 3, refused: 1 }], requeued: 3 });
    for (const id of possible) expect((await rowOf(id))?.dead).toBe(false);
    for (const id of [forgotten, other]) expect((await rowOf(id))?.dead).toBe(true);
    const { rows } = await database.pool.query(
      'SELECT count(*)::int AS batches, sum(done)::int AS done, count(DISTINCT invocation)::int AS commands FROM operator_acts',
    );
    expect(rows).toEqual([{ batches: 2, done: 3, commands: 1 }]);
  });
});

describe('the payload of a dead letter', () => {
  it('is shown to the desk alone, with a reason, and each reading is an act', async () => {
    const id = await poisoned();
    const shown = await letters('show', id, '--payload', ...why);
    expect(shown.stdout).toContain('"editor_id": 7');
    expect(await actsOf(id)).toEqual([
      { command: 'dead-letters read', login: person, reason: 'incident 9', details: {} },
    ]);
    expect((await letters('show', id)).stdout).not.toContain('"editor_id": 7');
    expect((await letters('show', id, '--payload')).stderr).toContain('--payload needs --reason');
    const operator = await runOps({ DATABASE_URL: operatorUrl }, 'dead-letters', 'show', id, '--payload', ...why);
    expect(operator).toMatchObject({ code: 2, stdout: '' });
    expect(operator.stderr).toContain('must be a member of the role nova_desk');
    expect(await actsOf(id)).toHaveLength(1);
  });

  it('is of dead letters alone, and is corrected in no other column and no other row', async () => {
    const [dead, pending] = [await poisoned(), await written()];
    const client = new Client({ connectionString: deskUrl });
    await client.connect();
    const sequence = async (id: string) =>
      (await database.pool.query<{ sequence: number }>('SELECT sequence FROM outbox_events WHERE id = $1', [id]))
        .rows[0]!.sequence;
    const act = JSON.stringify({ invocation: newId(), actor: 'ada', host: 'h', reason: 'x', planned: 1 });
    const read = async (id: string, of = act) =>
      (await client.query('SELECT nova.outbox_read_dead_letter($1, $2, $3) AS payload', [id, await sequence(id), of]))
        .rows as { payload: unknown }[];
    expect((await read(dead))[0]?.payload).toMatchObject({ editor_id: 7 });
    expect(await read(pending)).toEqual([{ payload: null }]);
    await expect(read(dead, act.replace('"x"', '" "'))).rejects.toThrow('a reason is needed');
    for (const statement of [
      'SELECT payload FROM nova.outbox_events',
      `UPDATE nova.outbox_events SET payload = '{}'`,
      'UPDATE nova.outbox_events SET aggregate_id = id',
      'DELETE FROM nova.outbox_events',
      `SELECT nova.outbox_write_act('{}', 'x', 1, '{}', '{}')`,
    ])
      await expect(client.query(statement)).rejects.toThrow('permission denied');
    await client.end();
  });

  it('is corrected when the contract takes it, with what it was in the act, and starts', async () => {
    const [id, editor] = [await poisoned(), newId()];
    const before = await rowOf(id);
    const wrong = await letters('amend', id, '--set', 'editor_id=8', '--yes', ...why);
    expect(wrong).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('it would be a dead letter again') as string,
    });
    expect(await rowOf(id)).toEqual(before);
    const asked = await letters('amend', id, '--set', `editor_id=${editor}`, ...why);
    expect(asked.stdout).toContain(`- editor_id: 7\n+ editor_id: "${editor}"\n`);
    expect(await rowOf(id)).toEqual(before);
    const done = await letters('amend', id, '--set', `editor_id=${editor}`, '--requeue', '--yes', ...why);
    expect(done).toMatchObject({ code: 0, stdout: expect.stringContaining('amended; requeued') as string });
    expect(await rowOf(id)).toEqual({ ...before, payload: { ...before!.payload, editor_id: editor }, dead: false });
    const acts = await actsOf(id);
    expect(acts.map(({ command }) => command)).toEqual([
      ...Array.from({ length: 3 }, () => 'dead-letters read'),
      ...['dead-letters amend', 'requeue'],
    ]);
    const { was, is } = acts[3]!.details;
    expect([was, is].map(String)).toEqual([
      expect.stringMatching(/^[0-9a-f]{64}$/),
      expect.stringMatching(/^[0-9a-f]{64}$/),
    ]);
    expect(was).not.toBe(is);
    expect(await letters('amend', id, '--set', 'content=y', '--yes', ...why)).toMatchObject({
      code: 1,
      stdout: `${id} is not amended: it is not a dead letter\n`,
    });
  });

  it('is taken as a whole from a file, and of two corrections the later one is refused', async () => {
    const id = await poisoned();
    const { payload } = (await rowOf(id))!;
    const file = join(tmpdir(), `${id}.json`);
    writeFileSync(file, JSON.stringify({ ...payload, editor_id: newId(), content: 'corrected' }));
    const done = await letters('amend', id, '--file', file, '--yes', '--json', ...why);
    expect(JSON.parse(done.stdout)).toMatchObject({ refused: null, amended: true, requeued: false });
    expect((await rowOf(id))?.payload).toMatchObject({ content: 'corrected' });
    const stale =
      'SELECT nova.outbox_amend_dead_letter($1, (SELECT sequence FROM nova.outbox_events WHERE id = $1), $2, $3, $4) AS done';
    const act = JSON.stringify({ invocation: newId(), actor: 'eve', host: 'h', reason: 'x', planned: 1 });
    const { rows } = await database.pool.query(stale, [id, '0'.repeat(64), '{}', act]);
    expect(rows).toEqual([{ done: false }]);
    await database.pool.query('UPDATE outbox_events SET published_at = now() WHERE id = $1', [id]);
    const started = await letters('amend', id, '--set', 'content=z', '--yes', ...why);
    expect(started.stdout).toContain('it was started: its effects are of the payload that it has');
  });
});

describe('a dead letter that is discarded', () => {
  it('is gone, keeps what it was in the act, and what it held back goes on', async () => {
    const id = await poisoned();
    const { aggregate_id: aggregate } = (await rowOf(id))!;
    const behind = await written({}, aggregate);
    const waits = async () =>
      (await database.pool.query<{ held: boolean }>(`SELECT wake_at = 'infinity' AS held FROM outbox_heads`)).rows;
    expect(await waits()).toEqual([{ held: true }]);
    const asked = await letters('discard', id, ...why);
    expect(asked.stdout).toMatch(new RegExp(`${id} +message\\.edited +${aggregate} +1 +INVALID_PAYLOAD`));
    expect(await rowOf(id)).toBeDefined();
    expect((await letters('discard', id, '--yes')).stderr).toContain('--reason');
    const done = await letters('discard', id, behind, '--yes', '--json', ...why);
    expect(JSON.parse(done.stdout)).toMatchObject({
      ...{ discarded: [id], refused: [{ id: behind, why: 'it is not a dead letter' }] },
    });
    expect([await rowOf(id), await rowOf(behind)]).toEqual([undefined, expect.objectContaining({ dead: false })]);
    expect(await waits()).toEqual([{ held: null }]);
    const [act] = await actsOf(id);
    expect(act).toMatchObject({ command: 'dead-letters discard', details: { discarded: { [id]: { aggregate } } } });
    const shown = await letters('show', id);
    expect(shown.stdout).toMatch(/dead-letters discard by ada: incident 9/);
  });
});
