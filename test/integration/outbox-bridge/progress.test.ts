import { PgOutboxProgress } from '../../../activities/notify/pg-outbox-progress';
import { domains } from '../../../contracts/events/define';
import { reportProgress } from '../../../outbox-bridge/report-progress';
import { type TestDatabase, createTestDatabase } from '../../support/database';
import { newId } from '../../support/events';

let database: TestDatabase;
beforeEach(async () => {
  database = await createTestDatabase();
});
afterEach(() => database.drop());

/** Of an event of this type that is under way, written so long ago. */
const write = async (type: string, ago: string) => {
  const { rows } = await database.pool.query<{ id: string; at: Date }>(
    `INSERT INTO outbox_events (id, aggregate_id, event_type, payload, created_at)
     VALUES ($1, $1, $2, '{}', now() - $3::interval) RETURNING id, created_at AS at`,
    [newId(), type, ago],
  );
  return rows[0]!;
};
const emitted = (id: string) => database.pool.query('UPDATE outbox_events SET emitted_at = now() WHERE id = $1', [id]);
const givenUp = (id: string) =>
  database.pool.query('UPDATE outbox_events SET dead_lettered_at = now() WHERE id = $1', [id]);

const report = (options: { outboxName?: string; upTo?: number; of?: typeof domains | readonly ['content'] } = {}) => {
  const { outboxName = 'main', upTo, of = domains } = options;
  return reportProgress({ outbox: database.pool, state: database.pool }, { outboxName, domains: of }, upTo);
};
/** As if all notes had been written so much earlier. */
const later = (by: string) =>
  database.pool.query('UPDATE outbox_progress SET reported_at = reported_at - $1::interval', [by]);
const notes = async () => {
  const sql = `SELECT outbox, content_type, done_before, reported_at FROM outbox_progress ORDER BY reported_at, content_type`;
  type Row = { outbox: string; content_type: string; done_before: Date; reported_at: Date };
  return (await database.pool.query<Row>(sql)).rows;
};
const marks = async () =>
  Object.fromEntries((await notes()).map(({ content_type, done_before }) => [content_type, done_before]));
const now = async () => (await database.pool.query<{ at: Date }>('SELECT now() AS at')).rows[0]!.at;

describe('how far an outbox is', () => {
  it('is the oldest event under way that creates such content, in any spelling; with none, it is now', async () => {
    const [comment] = [await write('CommentCreated', '2 hours'), await write('comment.created', '1 hour')];
    await write('reaction.added', '5 hours');
    const before = await now();
    await report();
    const { comment: ofComments, message, post } = await marks();
    expect(ofComments).toEqual(comment.at);
    for (const mark of [message, post]) expect(mark!.getTime()).toBeGreaterThanOrEqual(before.getTime());
  });

  it('goes on when the event is on Kafka or given up, whether it was started or not', async () => {
    const [first, second, third] = [
      await write('comment.created', '3 hours'),
      await write('comment.created', '2 hours'),
      await write('comment.created', '1 hour'),
    ];
    await report();
    expect((await marks())['comment']).toEqual(first.at);
    await Promise.all([emitted(first.id), givenUp(second.id)]);
    await later('20 s');
    await report();
    expect((await marks())['comment']).toEqual(third.at);
  });

  it('has no end once its domain is in another outbox and nothing of it is left, and has one again when the domain comes back', async () => {
    const last = await write('comment.created', '1 hour');
    await database.pool.query(
      `INSERT INTO outbox_moves (id, direction, other, domains, number) VALUES (gen_random_uuid(), 'out', 'social', '{social}', 1);
       SELECT outbox_mark_moves()`,
    );
    await report();
    expect((await marks())['comment']).toEqual(last.at);
    await emitted(last.id);
    await later('20 s');
    await report();
    const { comment, post } = await marks();
    expect([comment, post]).toEqual([Infinity, expect.any(Date)]);
    // A bridge that does not report any more, since its settings have the domain no longer, is waited for no longer either.
    await later('3 minutes');
    const progress = new PgOutboxProgress(database.pool, { silenceMs: 86_400_000 });
    const tomorrow = Date.now() + 86_400_000;
    expect(await progress.isComing('comment', tomorrow, 120_000)).toBe(false);
    expect(await progress.isComing('post', tomorrow, 120_000)).toBe(true);

    await database.pool.query('TRUNCATE outbox_moves; SELECT outbox_mark_moves()');
    await report();
    const ofComments = (await notes()).filter(({ content_type: type }) => type === 'comment');
    expect(ofComments.length).toBeGreaterThan(0);
    for (const { done_before: mark } of ofComments) expect(mark).toEqual(expect.any(Date));
  });

  it('stays what it was while more is under way than is read', async () => {
    await report();
    const known = await marks();
    await later('20 s');
    for (let i = 0; i < 3; i++) await write('reaction.added', '1 hour');
    await report({ upTo: 2 });
    expect(await marks()).toEqual(known);
    expect((await notes()).length).toBe(6);
    await later('20 s');
    await report({ upTo: 3 });
    expect((await marks())['post']!.getTime()).toBeGreaterThan(known['post']!.getTime());
  });

  it('is reported of what its domains create, once by all bridges, and kept for some minutes', async () => {
    await Promise.all([
      report({ outboxName: 'posts', of: ['content'] }),
      report({ outboxName: 'empty', of: [] as never }),
    ]);
    expect((await notes()).map(({ outbox, content_type }) => [outbox, content_type])).toEqual([['posts', 'post']]);
    await report({ outboxName: 'posts', of: ['content'] });
    expect(await notes()).toHaveLength(1);
    for (let i = 0; i < 5; i++) {
      await later('4 minutes');
      await report({ outboxName: 'posts', of: ['content'] });
    }
    // The newest of those that are old, and the one of the last minutes.
    expect((await notes()).length).toBeLessThanOrEqual(3);
  });

  it('forgets what was noted before a clock was set back', async () => {
    await report();
    await database.pool.query(
      `UPDATE outbox_progress SET reported_at = reported_at + interval '1 day', done_before = done_before + interval '1 day'`,
    );
    await report();
    await later('20 s');
    await report();
    for (const { done_before, reported_at } of await notes())
      expect(Math.max(done_before.getTime(), reported_at.getTime())).toBeLessThanOrEqual((await now()).getTime());
  });
});

it('what a bridge reports is what a notice with an unknown owner waits for', async () => {
  const settlingMs = 120_000;
  const progress = new PgOutboxProgress(database.pool, { silenceMs: 86_400_000 });
  const comment = await write('comment.created', '1 hour');
  const ofHalfAnHourAgo = () =>
    Promise.all(
      (['comment', 'message'] as const).map((type) =>
        progress.isComing(type, comment.at.getTime() + 1_800_000, settlingMs),
      ),
    );
  expect(await ofHalfAnHourAgo()).toEqual([false, false]);
  await report();
  expect(await ofHalfAnHourAgo()).toEqual([true, true]);
  await later('121 s');
  expect(await ofHalfAnHourAgo()).toEqual([true, false]);
  await emitted(comment.id);
  await report();
  expect(await ofHalfAnHourAgo()).toEqual([true, false]);
  await later('121 s');
  expect(await ofHalfAnHourAgo()).toEqual([false, false]);
});
