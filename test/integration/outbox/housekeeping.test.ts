import { randomUUID } from 'node:crypto';
import { deleteBatch, deleteByAge, selectBatch } from '../../../outbox/housekeeping/expire-ledgers';
import { ledgers } from '../../../outbox/housekeeping/ledgers';
import { earlierEventsLeft, eventsLeft } from '../../../outbox/partitions.sql';
import { type TestDatabase, createTestDatabase } from '../../support/database';
import { backdateOutbox, dayName, insertOld, noon, partitionNames, turn } from '../../support/partitions';

let database: TestDatabase;
beforeEach(async () => {
  database = await createTestDatabase();
  await backdateOutbox(database.pool, [36, 35, 34, 33, 31, 30, 29, 20, 10]);
});
afterEach(() => database.drop());

const day = (daysAgo: number) => dayName(database.pool, daysAgo);
const count = async (sql: string): Promise<number> =>
  (await database.pool.query<{ n: number }>(`SELECT count(*) AS n FROM ${sql}`)).rows[0]!.n;

/** A delivery of an event, written `daysAgo`. */
const delivery = (eventId: string, daysAgo: number, state = 'sent') =>
  database.pool.query(
    `INSERT INTO notification_deliveries (event_id, recipient_id, channel, kind, state, created_at)
     VALUES ($1, gen_random_uuid(), 'email', 'post.published', $2, ${noon(daysAgo)})`,
    [eventId, state],
  );

describe('a partition', () => {
  it('is dropped once everything in it is done for the retention, and leaves a record; younger days stay', async () => {
    await insertOld(database.pool, 35);
    await insertOld(database.pool, 29);
    const report = await turn(database.pool);
    expect(report!.dropped).toMatchObject({ [await day(35)]: 1, [await day(36)]: 0 });
    expect(Object.keys(report!.dropped)).toHaveLength(5);
    const left = await partitionNames(database.pool);
    expect(left).toContain(await day(30));
    expect(left).not.toContain(await day(31));
    expect(await count('outbox_events')).toBe(1);
    const records = await database.pool.query(
      'SELECT row_count, dropped_at FROM outbox_partition_drops WHERE name = $1',
      [await day(35)],
    );
    expect(records.rows).toEqual([{ row_count: 1, dropped_at: expect.any(Date) as Date }]);
  });

  it.each([
    ['unpublished', { published_at: 'NULL' }],
    ['unemitted', { emitted_at: 'NULL' }],
    ['dead_lettered', { published_at: 'NULL', emitted_at: 'NULL', dead_lettered_at: noon(35) }],
    ['young', { published_at: noon(29), emitted_at: noon(29) }],
  ])('stays while it holds one row that is %s', async (reason, set) => {
    await insertOld(database.pool, 35, set);
    await insertOld(database.pool, 35);
    const report = await turn(database.pool);
    expect(report!.kept[await day(35)]).toMatchObject({ [reason]: 1 });
    expect(Object.keys(report!.kept)).toHaveLength(1);
    expect(await count('outbox_events')).toBe(2);
  });

  it('stays while an event of it has a delivery that is not finished', async () => {
    const [waiting, done] = [await insertOld(database.pool, 35), await insertOld(database.pool, 34)];
    await delivery(waiting, 35, 'pending');
    await delivery(done, 34, 'failed');
    const report = await turn(database.pool, { isOpen: async () => true });
    expect(report!.kept).toEqual({ [await day(35)]: { open_deliveries: 1 } });
  });

  it('stays while the workflow of an event of it is open, and every one while Temporal cannot say', async () => {
    const open = await insertOld(database.pool, 35);
    const unknown = await turn(database.pool, { openRuns: async () => 'unknown' });
    expect(Object.keys(unknown!.dropped)).toEqual([]);
    expect(unknown!.kept[await day(33)]).toEqual({ runs_unknown: 1 });
    const report = await turn(database.pool, { openRuns: async () => [open, randomUUID()] });
    expect(report!.kept).toEqual({ [await day(35)]: { open_runs: 1 } });
    expect(await partitionNames(database.pool)).not.toContain(await day(33));
  });

  it('is put back when a row came in between the look and the detach', async () => {
    const pool = database.pool;
    await insertOld(pool, 35);
    const query = pool.query.bind(pool) as (...args: unknown[]) => Promise<unknown>;
    let late: string | undefined;
    const name = await day(35);
    const racing = new Proxy(pool, {
      get: (target, key) =>
        key === 'query'
          ? async (statement: string | { text: string }, ...rest: unknown[]) => {
              const text = typeof statement === 'string' ? statement : statement.text;
              if (text.includes(`"${name}" CONCURRENTLY`)) late = await insertOld(pool, 35, { published_at: 'NULL' });
              return query(statement, ...rest);
            }
          : (Reflect.get(target, key, target) as unknown),
    });
    const report = await turn(racing);
    expect(report!.kept[name]).toEqual({ unpublished: 1 });
    expect(await partitionNames(pool)).toContain(name);
    const { rows } = await pool.query('SELECT id FROM outbox_events WHERE published_at IS NULL');
    expect(rows).toEqual([{ id: late }]);
    // It works as before: rows in, the trigger still there, and gone when that row is done.
    await insertOld(pool, 35);
    await pool.query(`UPDATE outbox_events SET published_at = ${noon(35)} WHERE id = $1`, [late]);
    expect((await turn(pool))!.dropped).toEqual({ [name]: 3 });
  });
});

describe('the partition of the past', () => {
  it('loses finished rows one by one, by the same rules, and takes rows dated into dropped days', async () => {
    const kept = [
      await insertOld(database.pool, 90, { published_at: 'NULL' }),
      await insertOld(database.pool, 90, { emitted_at: 'NULL' }),
      await insertOld(database.pool, 90, { published_at: 'NULL', dead_lettered_at: noon(35) }),
      await insertOld(database.pool, 90, { published_at: noon(29) }),
      await insertOld(database.pool, 90),
      await insertOld(database.pool, 90),
    ];
    await delivery(kept[4]!, 90, 'pending');
    await insertOld(database.pool, 90);
    const report = await turn(database.pool, { openRuns: async () => [kept[5]!], isOpen: async () => true });
    expect(report!.expired['outbox_events']).toBe(1);
    const { rows } = await database.pool.query<{ id: string }>('SELECT id FROM outbox_events_past ORDER BY sequence');
    expect(rows.map(({ id }) => id)).toEqual(kept);
    // Day 35 is gone; a restored row of it still has a home.
    await insertOld(database.pool, 35);
    expect(await count('outbox_events_past')).toBe(7);
  });
});

describe('ledger rows', () => {
  it('expire after the partition of their event, and never while its row is there', async () => {
    const [gone, kept, young] = [
      await insertOld(database.pool, 35),
      await insertOld(database.pool, 34, { dead_lettered_at: noon(34) }),
      await insertOld(database.pool, 10),
    ];
    await delivery(gone, 35);
    await delivery(gone, 35, 'unknown');
    await delivery(gone, 33);
    // Written on a day that is dropped, of an event whose day is not.
    await delivery(kept, 33);
    await delivery(kept, 34);
    await delivery(young, 10);
    const report = await turn(database.pool);
    expect(report!.expired['notification_deliveries']).toBe(3);
    const { rows } = await database.pool.query<{ event_id: string }>('SELECT event_id FROM notification_deliveries');
    expect(rows.map((row) => row.event_id).sort()).toEqual([kept, kept, young].sort());
  });

  it('of media claims expire, what an inbox lists does not', async () => {
    const pool = database.pool;
    const old = `${noon(35)}`;
    await pool.query(
      `INSERT INTO wanted_media SELECT gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), t FROM unnest(ARRAY[${old}, now()]) AS t`,
    );
    await pool.query(
      `INSERT INTO unnamed_claims SELECT gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), t FROM unnest(ARRAY[${old}, now()]) AS t`,
    );
    await pool.query(
      `INSERT INTO notifications (event_id, recipient_id, kind, subject_type, subject_id, item_type, item_id, sequence, in_app, created_at, retracted_at)
       SELECT gen_random_uuid(), gen_random_uuid(), 'x', 'post', 'x', 'post', 'x', 1, in_app, ${old}, retracted_at
       FROM (VALUES (true, NULL), (false, NULL), (true, now())) AS v (in_app, retracted_at)`,
    );
    const report = await turn(pool);
    expect(report!.expired).toMatchObject({ wanted_media: 1, unnamed_claims: 1, notifications: 2 });
    expect([await count('wanted_media'), await count('unnamed_claims'), await count('notifications')]).toEqual([
      1, 1, 1,
    ]);
  });

  it('tombstones: only of reactions, and only when nothing they void is left', async () => {
    const pool = database.pool;
    const target = randomUUID();
    // The reaction they void is still in the outbox: its row is kept by a dead letter of the same day.
    await insertOld(pool, 34, { aggregate_id: `'${target}'`, dead_lettered_at: noon(34) });
    const { rows } = await pool.query<{ sequence: number }>('SELECT max(sequence) AS sequence FROM outbox_events');
    const after = rows[0]!.sequence + 1;
    const stones: [string, string, number | null, boolean][] = [
      ['reaction', `${randomUUID()}:u:+1`, 5, false],
      ['reaction', `${target}:u:+1`, after, false],
      ['reaction', `${randomUUID()}:u:+1`, null, false],
      ['reaction', `${randomUUID()}:u:+1`, 5, true],
      ['post', randomUUID(), 5, false],
      ['post', randomUUID(), 5, true],
      ['message', randomUUID(), 5, true],
      ['user', randomUUID(), 5, true],
    ];
    for (const stone of stones)
      await pool.query(
        `INSERT INTO tombstones (subject_type, subject_id, sequence, final, reason, created_at) VALUES ($1, $2, $3, $4, 'x', ${noon(35)})`,
        stone,
      );
    expect((await turn(pool))!.expired['tombstones']).toBe(1);
    const left = await pool.query<{ subject_id: string }>('SELECT subject_id FROM tombstones');
    expect(left.rows.map((row) => row.subject_id).sort()).toEqual(
      stones
        .slice(1)
        .map(([, id]) => id)
        .sort(),
    );
  });

  it('in any number, in small batches; what one turn leaves the next takes', async () => {
    await turn(database.pool);
    await database.pool.query(
      `INSERT INTO notification_deliveries (event_id, recipient_id, channel, kind, state, created_at)
       SELECT gen_random_uuid(), gen_random_uuid(), 'email', 'x', 'sent', ${noon(35)} FROM generate_series(1, 1700)`,
    );
    // A batch of one age that may not go is no stumbling block.
    const kept = await insertOld(database.pool, 20);
    await database.pool.query(
      `INSERT INTO notification_deliveries (event_id, recipient_id, channel, kind, state, created_at)
       SELECT $1, gen_random_uuid(), 'email', 'x', 'sent', ${noon(36)} FROM generate_series(1, 600)`,
      [kept],
    );
    const report = await turn(database.pool);
    expect(report).toMatchObject({ expired: { notification_deliveries: 1700 }, more: false });
    expect(await count('notification_deliveries')).toBe(600);
  });

  it('are found by their index, and their events by probing one, however large the outbox is', async () => {
    await database.pool.query(
      `INSERT INTO outbox_events (id, aggregate_id, event_type, payload, published_at, emitted_at)
       SELECT gen_random_uuid(), gen_random_uuid(), 'PostCreated', '{}', now(), now() FROM generate_series(1, 20000)`,
    );
    await database.pool.query(
      `INSERT INTO notification_deliveries (event_id, recipient_id, channel, kind, state, created_at)
       SELECT gen_random_uuid(), gen_random_uuid(), 'email', 'x', 'sent', now() - i * interval '1 minute' FROM generate_series(1, 80000) AS i`,
    );
    await database.pool.query('ANALYZE outbox_events, notification_deliveries');
    const explain = async (sql: string, values: unknown[]) => {
      const { rows } = await database.pool.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${sql}`, values);
      return rows.map((row) => row['QUERY PLAN']).join('\n');
    };
    const ids = Array.from({ length: 500 }, () => randomUUID());
    const until = new Date(Date.now() - 30 * 86_400_000).toISOString();
    const asked = [await explain(eventsLeft, [ids]), await explain(earlierEventsLeft, [ids, ids.map((_, i) => i)])];
    const plans: string[] = [];
    const byAge: string[] = [];
    for (const ledger of ledgers) {
      const stretch = ['-infinity', until];
      if (ledger.belongsTo === undefined) {
        plans.push(await explain(deleteByAge(ledger), stretch));
        continue;
      }
      byAge.push(await explain(selectBatch(ledger), stretch));
      const upTo = typeof ledger.belongsTo === 'object' ? [ids.map((_, i) => i)] : [];
      plans.push(await explain(deleteBatch(ledger), [...stretch, ids.map((_, i) => `(${i},1)`), ids, ...upTo]));
    }
    expect(asked.join('\n')).not.toMatch(/hashed SubPlan|Hash .*Join|Seq Scan on outbox_events_\d+ .*rows=20000/);
    expect([...plans, ...byAge].join('\n')).not.toMatch(/Seq Scan on notification/);
    expect(byAge[0]).toMatch(/Index Scan using idx_deliveries_age/);
  });
});
