import { randomUUID } from 'node:crypto';
import { type Pool, type PoolClient } from 'pg';
import { publish } from '../../../client/publish';
import { publishMany } from '../../../client/publish-many';
import { heldAggregates, holdOf } from '../../../ops/dead-letters/held-aggregates';
import { cancelMove, movesOf, prepareMove, preparedMove, switchMove } from '../../../ops/move/move';
import { carryMoves } from '../../../outbox/moves/carry-moves';
import { PgAggregateHistory } from '../../../activities/stores/pg-aggregate-history';
import { insertEvent, newId } from '../../support/events';
import { type TestOutboxes, createTestOutboxes } from '../../support/outboxes';

let outboxes: TestOutboxes;
let [main, content, posts]: readonly Pool[] = [];
const open: PoolClient[] = [];

beforeAll(async () => {
  outboxes = await createTestOutboxes('main', 'content', 'posts');
  [main, content, posts] = ['main', 'content', 'posts'].map((name) => outboxes.of[name]!.pool);
});
afterEach(async () => {
  for (const client of open.splice(0)) {
    await client.query('ROLLBACK').catch(() => undefined);
    client.release(true);
  }
  // As if there had never been a move, but for the sequences.
  for (const pool of [main!, content!, posts!])
    await pool.query(
      `TRUNCATE outbox_events, outbox_moves; SELECT outbox_mark_moves(); UPDATE outbox_event_types SET after_dead_letter = 'continue';
       SELECT setval('outbox_switches', 0)`,
    );
});
afterAll(() => outboxes.drop());

const place = () => ({ from: { name: 'main', pool: main! }, to: { name: 'content', pool: content! } });
const patienceMs = 60_000;

async function prepare() {
  await prepareMove(place(), ['content']);
  return (await preparedMove(place()))!;
}
async function moved() {
  expect(await switchMove(place(), await prepare(), patienceMs)).toEqual({ done: true });
}
const carry = () => carryMoves(content!, (name) => (name === 'main' ? main : undefined));

const caption = (post: string, text: string) => ({ post_id: post, user_id: newId(), caption: text });
const write = (pool: Pick<Pool, 'query'>, post = newId(), id = randomUUID()) =>
  pool.query(
    `INSERT INTO outbox_events (id, aggregate_id, event_type, payload) VALUES ($1, $2, 'content.post.updated', $3)`,
    [id, post, caption(post, 'x')],
  );
const moves = { code: '55000', constraint: 'OUTBOX_MOVED' };
const notOpen = { code: '55000', constraint: 'OUTBOX_NOT_OPEN' };

/** A transaction that stays open until the test ends it. */
async function writer(pool: Pool, begin = 'BEGIN'): Promise<PoolClient> {
  const client = await pool.connect();
  open.push(client);
  await client.query(begin);
  return client;
}

interface Claimed {
  readonly id: string;
  readonly aggregate_id: string;
}
const claim = async (pool: Pool): Promise<Claimed[]> =>
  (
    await pool.query<Claimed>(
      `SELECT id, aggregate_id FROM outbox_claim(gen_random_uuid(), interval '5 minutes', '{9,9,9,9}', 1, 9, 99, '{}', 786432)`,
    )
  ).rows;
/** As if they had been started and sent. */
const finish = (pool: Pool, post: string) =>
  pool.query('UPDATE outbox_events SET published_at = now(), emitted_at = now() WHERE aggregate_id = $1', [post]);

describe('who takes rows of the domains', () => {
  it('the old outbox until the switch, the new one from it on, never both', async () => {
    await write(main!);
    const move = await prepare();
    await write(main!);
    await expect(write(content!)).rejects.toMatchObject(notOpen);
    await insertEvent(content!, 'message.edited', {
      message_id: newId(),
      conversation_id: newId(),
      editor_id: newId(),
    });

    expect(await switchMove(place(), move, patienceMs)).toEqual({ done: true });
    await expect(write(main!)).rejects.toMatchObject(moves);
    await write(content!);
    // Other domains stay.
    await insertEvent(main!, 'message.edited', { message_id: newId(), conversation_id: newId(), editor_id: newId() });
  });

  it('says so in each way of writing: the client by a failure code, SQL by a constraint', async () => {
    await moved();
    const event = { type: 'content.post.created', payload: { post_id: newId(), user_id: newId() } } as const;
    const why = /^OUTBOX_MOVED: content\.post\.created is written in the outbox content now/;
    await expect(publish(main!, event, { alone: true })).rejects.toMatchObject({ code: 'OUTBOX_MOVED' });
    await expect(publish(main!, event, { alone: true })).rejects.toThrow(why);
    await expect(publishMany(main!, [event], { alone: true })).rejects.toMatchObject({ code: 'OUTBOX_MOVED' });
    const sql = `SELECT nova_publish('content.post.created', $1)`;
    await expect(main!.query(sql, [event.payload])).rejects.toMatchObject({
      ...moves,
      message: expect.stringMatching(why) as string,
    });
    await publish(content!, event, { alone: true });
    await content!.query(sql, [{ ...event.payload, post_id: newId() }]);
  });

  it('waits for transactions that have written in the old one, and takes the switch back when they stay open', async () => {
    const move = await prepare();
    const late = await writer(main!);
    await write(late);
    const result = await switchMove(place(), move, 0);
    expect(result).toMatchObject({ done: false, open: { pids: [expect.any(Number)] } });
    await write(main!);
    await expect(write(content!)).rejects.toMatchObject(notOpen);

    const again = switchMove(place(), (await preparedMove(place()))!, patienceMs);
    await late.query('COMMIT');
    expect(await again).toEqual({ done: true });
    await expect(write(main!)).rejects.toMatchObject(moves);
    await write(content!);
  });

  it.each(['REPEATABLE READ', 'SERIALIZABLE'])(
    'also refuses a %s transaction whose snapshot is older than the switch',
    async (level) => {
      const late = await writer(main!, `BEGIN ISOLATION LEVEL ${level}`);
      await late.query('SELECT count(*) FROM outbox_events');
      await moved();
      await expect(write(late)).rejects.toMatchObject({ code: '40001' });
    },
  );

  it('is the old one again after a cancel, and the new one takes the domains as it did before', async () => {
    await prepare();
    expect(await cancelMove(place())).toBe(true);
    await write(main!);
    await write(content!);
    expect(await movesOf(content!)).toEqual([]);
  });

  it('goes on after a process was killed between the two outboxes', async () => {
    const move = await prepare();
    await main!.query(`SELECT outbox_hand_over($1, 'content', '{content}')`, [move.id]);
    await expect(write(main!)).rejects.toMatchObject(moves);
    await expect(write(content!)).rejects.toMatchObject(notOpen);
    expect(await switchMove(place(), move, patienceMs)).toEqual({ done: true });
    await write(content!);
  });

  it('is the old one again after a process was killed while it took the switch back', async () => {
    const move = await prepare();
    await main!.query(`SELECT outbox_hand_over($1, 'content', '{content}')`, [move.id]);
    await content!.query('SELECT outbox_cancel_move($1, gen_random_uuid())', [move.id]);
    await cancelMove(place());
    await write(main!);
    // And nothing that comes late can make the new one take rows.
    await expect(content!.query('SELECT outbox_accept($1, 1)', [move.id])).rejects.toMatchObject({ code: '55000' });
  });
});

it('gives sequences above every one that the old outbox has given, also to a domain that comes back', async () => {
  await main!.query(`SELECT setval('outbox_sequence', 7654321)`);
  await write(main!);
  await moved();
  const post = newId();
  await write(content!, post);
  const sequence = async (pool: Pool) =>
    (await pool.query<{ last: number }>('SELECT max(sequence) AS last FROM outbox_events')).rows[0]!.last;
  expect(await sequence(content!)).toBeGreaterThan(await sequence(main!));

  await carry();
  const back = { from: place().to, to: place().from };
  await finish(content!, post);
  await expect(switchMove(back, await prepareMove(back, ['content']), patienceMs)).rejects.toThrow(
    'events of these domains still wait for the outbox main',
  );
  await main!.query('UPDATE outbox_events SET published_at = now(), emitted_at = now()');
  await carry();
  expect(await carry()).toEqual([]);
  expect(await switchMove(back, (await preparedMove(back))!, patienceMs)).toEqual({ done: true });
  await write(main!);
  await expect(write(content!)).rejects.toMatchObject(moves);
  expect(await sequence(main!)).toBeGreaterThan(await sequence(content!));
});

describe('what was written in the new outbox is started', () => {
  it('after what was written before it in the old one is on Kafka, aggregate by aggregate', async () => {
    const [done, waits, fresh] = [newId(), newId(), newId()];
    for (const post of [done, waits]) await write(main!, post);
    await moved();
    for (const post of [done, waits, fresh]) await write(content!, post);
    await finish(main!, done);
    expect(await claim(content!)).toEqual([]);

    await carry();
    expect((await claim(content!)).map((row) => row.aggregate_id).sort()).toEqual([done, fresh].sort());
    // Started, but not on Kafka.
    await main!.query('UPDATE outbox_events SET published_at = now() WHERE aggregate_id = $1', [waits]);
    expect(await carry()).toMatchObject([{ open: true, unfinished: 1 }]);
    const behind = randomUUID();
    await write(content!, waits, behind);
    expect(await claim(content!)).toEqual([]);
    // No dead letter holds it, and no person is asked to release one.
    expect(await heldAggregates(content!)).toEqual({ aggregates: 0, rows: 0, since: null });
    const { rows: earlier } = await main!.query<{ id: string }>(
      'SELECT id FROM outbox_events WHERE aggregate_id = $1',
      [waits],
    );
    expect(await holdOf(content!, behind)).toMatchObject({ id: earlier[0]!.id, waitsFor: 'main', isItself: false });
    await finish(main!, waits);
    expect(await carry()).toEqual([]);
    expect((await claim(content!)).map((row) => row.aggregate_id)).toEqual([waits, waits]);
    expect(await movesOf(content!)).toMatchObject([{ endedAt: expect.any(Date) as Date, waiting: 0 }]);
  });

  it('when a person has let go or requeued the dead letter that holds its aggregate in the old outbox', async () => {
    await main!.query(
      `UPDATE outbox_event_types SET after_dead_letter = 'hold' WHERE spelling = 'content.post.updated'`,
    );
    const [released, requeued] = [newId(), newId()];
    const letters = new Map([released, requeued].map((post) => [post, randomUUID()]));
    for (const [post, id] of letters) await write(main!, post, id);
    await main!.query(`UPDATE outbox_events SET dead_lettered_at = now(), last_error = 'INVALID_PAYLOAD: x'`);
    await moved();
    for (const post of letters.keys()) await write(content!, post);
    await carry();
    await carry();
    expect(await claim(content!)).toEqual([]);

    await main!.query('SELECT outbox_release_hold($1)', [letters.get(released)]);
    await main!.query('UPDATE outbox_events SET dead_lettered_at = NULL WHERE id = $1', [letters.get(requeued)]);
    await carry();
    expect((await claim(content!)).map((row) => row.aggregate_id)).toEqual([released]);
    await finish(main!, requeued);
    expect(await carry()).toEqual([]);
    expect((await claim(content!)).map((row) => row.aggregate_id)).toEqual([requeued]);
  });

  it('not at all while more aggregates than can be watched have earlier events: the whole outbox waits then', async () => {
    await main!.query(
      `INSERT INTO outbox_events (id, aggregate_id, event_type, payload)
       SELECT gen_random_uuid(), gen_random_uuid(), 'content.post.updated', '{}' FROM generate_series(1, 2100)`,
    );
    await moved();
    await write(content!);
    expect(await carry()).toMatchObject([{ open: false, unfinished: null }]);
    expect(await claim(content!)).toEqual([]);
    await main!.query(
      `UPDATE outbox_events SET published_at = now(), emitted_at = now()
       WHERE id IN (SELECT id FROM outbox_events LIMIT 2000)`,
    );
    expect(await carry()).toMatchObject([{ open: true, unfinished: 100 }]);
    expect(await claim(content!)).toHaveLength(1);
  });

  it('in their own outbox: other domains of the old one hold nothing up', async () => {
    const post = newId();
    await insertEvent(main!, 'reaction.added', { post_id: post, user_id: newId(), target_id: post } as never, {
      aggregateId: post,
      started: false,
    });
    await moved();
    await write(content!, post);
    await carry();
    expect((await claim(content!)).map((row) => row.aggregate_id)).toEqual([post]);
  });
});

it('finds what came before an event in the outbox of then', async () => {
  const post = { post_id: newId(), user_id: newId() };
  const created = await insertEvent(main!, 'content.post.created', { ...post, status: 'draft' });
  const published = await insertEvent(main!, 'content.post.status_updated', { ...post, new_status: 'published' });
  await moved();
  const again = await insertEvent(content!, 'content.post.status_updated', { ...post, new_status: 'published' });
  const deleted = { ...(await insertEvent(content!, 'content.post.deleted', post)), outbox: 'content' };

  const history = new PgAggregateHistory(outboxes.pools);
  expect(await history.creation(deleted)).toMatchObject({ eventId: created.eventId, sequence: created.sequence });
  expect((await history.creation(deleted))?.outbox).toBeUndefined();
  expect(await history.startedBefore(deleted, 9)).toEqual([again.eventId, published.eventId, created.eventId]);
  expect(await history.startedBefore(deleted, 2)).toEqual([again.eventId, published.eventId]);
  const when = { new_status: 'published' };
  expect(await history.firstPublication({ ...again, outbox: 'content', when })).toBe(published.eventId);

  // A second move: what began in the first outbox is found from the third.
  for (const pool of [main!, content!]) await finish(pool, post.post_id);
  // Opened, then ended.
  await carry();
  expect(await carry()).toEqual([]);
  const second = { from: place().to, to: { name: 'posts', pool: posts! } };
  expect(await switchMove(second, await prepareMove(second, ['content']), patienceMs)).toEqual({ done: true });
  const last = { ...(await insertEvent(posts!, 'content.post.deleted', post)), outbox: 'posts' };
  expect(await history.creation(last)).toMatchObject({ eventId: created.eventId });
  expect(await history.startedBefore(last, 9)).toContain(created.eventId);
});
