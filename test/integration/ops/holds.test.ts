import { type Client } from '@temporalio/client';
import { makeLogins } from '../../../dev/logins';
import { actOf } from '../../../ops/acts/acts';
import { giveUpRows, planGiveUp } from '../../../ops/dead-letters/give-up';
import { eventStory } from '../../../ops/show/event-story';
import { outboxReport } from '../../../ops/status/outbox-report';
import { OutboxPools } from '../../../runtime/outbox-pools';
import { type TestDatabase, createTestDatabase } from '../../support/database';
import { insertEvent, newId } from '../../support/events';
import { runOps } from '../../support/ops-command';
import { createTestClient } from '../../support/temporal';

let database: TestDatabase;
let client: Client;
let operatorUrl: string;
beforeAll(async () => {
  [database, client] = await Promise.all([createTestDatabase(), createTestClient()]);
  operatorUrl = (await makeLogins(database.url)).operator;
  await database.pool.query(
    `UPDATE outbox_event_types SET after_dead_letter = 'hold' WHERE event_type = 'message.edited'`,
  );
});
afterEach(() => database.pool.query('DELETE FROM outbox_events'));
afterAll(async () => {
  await client.connection.close();
  await database.drop();
});

/** Another file's feeds are not ours. */
const redisPrefix = `ops-test-${newId()}:`;
/** With the rights of an operator and no more. */
const ops = (...args: string[]) => runOps({ DATABASE_URL: operatorUrl, REDIS_KEY_PREFIX: redisPrefix }, ...args);
const storyOf = async (id: string) => {
  const { pool } = database;
  return (await eventStory({ pool, outboxes: OutboxPools.one(pool), workflows: client.workflow }, id)).story;
};
const message = async (aggregateId: string) =>
  (
    await insertEvent(
      database.pool,
      'message.edited',
      { message_id: newId(), conversation_id: aggregateId, editor_id: newId(), content: 'x' },
      { started: false, aggregateId },
    )
  ).eventId;
const set = (id: string, assignments: string) =>
  database.pool.query(`UPDATE outbox_events SET ${assignments} WHERE id = $1`, [id]);
const rowOf = async (id: string) =>
  (
    await database.pool.query<{ last_error: string | null; dead_lettered_at: Date | null }>(
      'SELECT last_error, dead_lettered_at FROM outbox_events WHERE id = $1',
      [id],
    )
  ).rows[0]!;
const isHeld = async (aggregateId: string) => {
  const { rows } = await database.pool.query<{ held: boolean }>(
    `SELECT wake_at = 'infinity' AS held FROM outbox_heads WHERE aggregate_id = $1`,
    [aggregateId],
  );
  return rows[0]?.held === true;
};
/** A dead letter that holds, with this many rows behind it. */
const held = async (behind: number) => {
  const aggregateId = newId();
  const first = await message(aggregateId);
  const others: string[] = [];
  for (let i = 0; i < behind; i++) others.push(await message(aggregateId));
  await set(first, `dead_lettered_at = now(), last_error = 'INVALID_PAYLOAD: z'`);
  return { aggregateId, first, others };
};

describe('what a dead letter holds back', () => {
  it('is counted by the report, with what waits behind and since when', async () => {
    const report = () => outboxReport(database.pool, { retentionDays: 30 });
    expect((await report()).held).toEqual({ aggregates: 0, rows: 0, since: null });
    await held(3);
    await held(2);
    expect((await report()).held).toEqual({ aggregates: 2, rows: 5, since: expect.any(Date) as Date });
    const status = await ops('status');
    // Counting by partition needs a right of its own.
    expect(status.stderr).toBe('');
    expect(status.stdout).toMatch(/held by a dead letter 2 aggregates with 5 rows, since 20/);
  });

  it('is in the story of the dead letter, and of each row that waits', async () => {
    const { first, others } = await held(2);
    expect((await storyOf(first))?.hold).toMatchObject({
      ...{ id: first, isItself: true, waiting: 2 },
    });
    expect((await storyOf(others[1]!))?.hold).toMatchObject({
      ...{ id: first, isItself: false, waiting: 2 },
    });
    expect((await storyOf(await message(newId())))?.hold).toBeNull();
    expect((await ops('show', others[0]!)).stdout).toContain(`waits for the dead letter ${first}`);
  });

  it('is let pass by a command that asks first, and keeps who did it and why with the dead letter', async () => {
    const { aggregateId, first } = await held(2);
    const asked = await ops('release-hold', first);
    expect(asked).toMatchObject({ code: 1, stdout: expect.stringContaining('repeat with --yes') as string });
    expect(asked.stdout).toContain(`it holds back 2 rows of aggregate ${aggregateId} since `);
    expect(await isHeld(aggregateId)).toBe(true);
    const done = await ops('release-hold', first, '--yes', '--json', '--reason', 'paid by hand');
    expect(done.code).toBe(0);
    expect(JSON.parse(done.stdout)).toMatchObject({ plan: { id: first, hold: { waiting: 2 } }, released: true });
    expect(await isHeld(aggregateId)).toBe(false);
    const row = await rowOf(first);
    expect(row.dead_lettered_at).not.toBeNull();
    expect(row.last_error).toMatch(/^INVALID_PAYLOAD: z; hold released \S+ by \S+: paid by hand$/);
    const again = await ops('release-hold', first, '--yes', '--json');
    expect(again.code).toBe(1);
    expect(JSON.parse(again.stdout)).toEqual({ plan: null, refused: `${first} holds nothing back`, released: false });
  });

  it('stays held when another dead letter of the aggregate holds too, which the command names', async () => {
    const { aggregateId, first, others } = await held(2);
    await set(others[0]!, `dead_lettered_at = now(), last_error = 'INVALID_PAYLOAD: y'`);
    const done = await ops('release-hold', first, '--yes');
    expect(done.stdout).toContain(`what follows ${others[0]} goes on waiting for that dead letter`);
    expect(await isHeld(aggregateId)).toBe(true);
    expect(await ops('release-hold', others[1]!)).toMatchObject({
      code: 1,
      stdout: `${others[1]} holds nothing back: it waits itself for the dead letter ${others[0]}\n`,
    });
  });
});

describe('rows of a misspelt type', () => {
  const misspelt = async (count: number, type = 'message.editted') => {
    const ids: string[] = [];
    for (let i = 0; i < count; i++) {
      const id = await message(newId());
      await set(id, `event_type = '${type}'`);
      ids.push(id);
    }
    return ids;
  };

  it('are given up by a command that counts and asks first, and can be requeued', async () => {
    const ids = await misspelt(3);
    const other = await misspelt(1, 'something.else');
    const asked = await ops('give-up', '--type', 'message.editted');
    expect(asked).toMatchObject({ code: 1, stdout: expect.stringContaining('repeat with --yes') as string });
    expect(asked.stdout).toContain('3 pending rows of the unknown type "message.editted"');
    expect((await rowOf(ids[0]!)).dead_lettered_at).toBeNull();
    const done = await ops('give-up', '--type', 'message.editted', '--yes', '--json', '--reason', 'a typing error');
    expect(done.code).toBe(0);
    expect((JSON.parse(done.stdout) as { givenUp: string[] }).givenUp.sort()).toEqual([...ids].sort());
    for (const id of ids)
      expect(await rowOf(id)).toEqual({
        dead_lettered_at: expect.any(Date) as Date,
        last_error: expect.stringMatching(/^UNKNOWN_EVENT_TYPE: given up by \S+: a typing error$/) as string,
      });
    expect((await rowOf(other[0]!)).dead_lettered_at).toBeNull();
    expect((await ops('requeue', ids[0]!)).code).toBe(0);
  });

  it('are given up by id, up to the limit, and never a row of a known type or one that a bridge holds', async () => {
    const [first, leased, ...rest] = await misspelt(4);
    const known = await message(newId());
    await set(leased!, `lease_until = now() + interval '5 minutes', lease_token = gen_random_uuid()`);
    const byId = await planGiveUp(database.pool, { ids: [first!, known, newId()], type: null, limit: 10 });
    expect(byId.rows.map(({ id }) => id)).toEqual([first]);
    expect(byId.refused.map(({ why }) => why)).toEqual([
      'this version knows its type message.edited: npx nova show says what it waits for',
      'it has no outbox row: it was never committed, or its partition is gone',
    ]);
    const byType = await planGiveUp(database.pool, { ids: [], type: 'message.editted', limit: 3 });
    expect(byType).toMatchObject({ more: true, refused: [] });
    expect(byType.rows).toHaveLength(3);
    const act = actOf({ actor: 'ada', command: 'give-up', planned: 5 });
    const all = [first!, leased!, ...rest, known];
    expect((await giveUpRows(database.pool, all, act)).sort()).toEqual([first!, ...rest].sort());
    const again = await planGiveUp(database.pool, { ids: [first!], type: null, limit: 10 });
    expect(again).toMatchObject({ rows: [], refused: [{ id: first, why: 'it is not pending' }] });
    await expect(planGiveUp(database.pool, { ids: [], type: 'message.edited', limit: 1 })).rejects.toThrow(
      'message.edited is a type of this version',
    );
    expect(await ops('give-up')).toMatchObject({ code: 2, stderr: expect.stringContaining('give up what?') as string });
  });
});

it('the audit on demand compares feeds as well, with the rights of an operator', async () => {
  const [reader, author] = [newId(), newId()];
  await database.pool.query('INSERT INTO follows (followee_id, follower_id) VALUES ($1, $2)', [author, reader]);
  const done = await ops('audit', '--json', '--since', '1m');
  expect(done.stderr).toBe('');
  const report = JSON.parse(done.stdout) as { examined: object; notes: string[] };
  expect(report.examined).toMatchObject({ feeds: 1 });
  expect(report.notes.filter((note) => note.includes('feeds'))).toEqual([]);
});
