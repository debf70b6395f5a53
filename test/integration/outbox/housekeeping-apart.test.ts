import { randomUUID } from 'node:crypto';
import { type Pool } from 'pg';
import { doneText } from '../../../ops/housekeeping/housekeeping-print';
import { type NeededEvents, readNeededEvents } from '../../../outbox/housekeeping/needed-events';
import { keepOutbox } from '../../../outbox/housekeeping/outbox-housekeeping';
import { type OpenRuns } from '../../../outbox/housekeeping/partitions';
import { keepState } from '../../../outbox/housekeeping/state-housekeeping';
import { type WholeHousekeepingDeps, keepWhole } from '../../../outbox/housekeeping/whole-housekeeping';
import { OutboxPools } from '../../../runtime/outbox-pools';
import { type DatabasesApart, createDatabasesApart } from '../../support/databases-apart';
import { patientPool } from '../../support/database';
import { silentLogger } from '../../support/logger';
import { backdateOutbox, dayName, insertOld, noon, partitionNames } from '../../support/partitions';

// Each of the three databases has its own tables and none of the others: a statement that names tables of both fails.
let apart: DatabasesApart;
let state: Pool;
let content: Pool;
let identity: Pool;
beforeEach(async () => {
  apart = await createDatabasesApart(['content', 'identity']);
  state = apart.state;
  [content, identity] = [apart.outboxes.of({ outbox: 'content' }), apart.outboxes.of({ outbox: 'identity' })];
  await Promise.all([content, identity].map((pool) => backdateOutbox(pool, [36, 35])));
});
afterEach(() => apart.drop());

const options = { asked: true, signal: new AbortController().signal };
const deps = (overrides: Partial<WholeHousekeepingDeps> = {}): WholeHousekeepingDeps => ({
  ...{ state, outboxes: apart.outboxes, logger: silentLogger, holder: 'test' },
  ...{
    retentionDays: 30,
    patienceMs: 500_000,
    keepDays: { readNotifications: 365, tombstones: 1_095, operatorActs: 730 },
  },
  ...{ openRuns: async () => [], isOpen: async () => true },
  ...overrides,
});
const whole = (overrides: Partial<WholeHousekeepingDeps> = {}) => keepWhole(deps(overrides), options);
const keepContent = (overrides: { neededByState?: () => Promise<NeededEvents>; openRuns?: () => Promise<OpenRuns> }) =>
  keepOutbox({ ...deps(), outbox: content, neededByState: () => readNeededEvents(state), ...overrides }, options);

const deliver = (eventId: string, deliveryState: string, daysAgo: number) =>
  state.query(
    `INSERT INTO nova.notification_deliveries (event_id, recipient_id, channel, kind, state, created_at)
     VALUES ($1, gen_random_uuid(), 'email', 'x', $2, ${noon(daysAgo)})`,
    [eventId, deliveryState],
  );
const delivered = async () =>
  (
    await state.query<{ id: string }>('SELECT event_id AS id FROM nova.notification_deliveries ORDER BY created_at')
  ).rows.map(({ id }) => id);

/** A pool of a database that does not reply. */
async function away<T>(work: (pool: Pool) => Promise<T>): Promise<T> {
  const pool = patientPool({ url: 'postgres://nova@127.0.0.1:9/nova', max: 1, applicationName: 'away' });
  try {
    return await work(pool);
  } finally {
    await pool.end();
  }
}

describe('a day of an outbox', () => {
  it('stays while State says that an event of it has an open delivery or a badly ended run, and goes after that', async () => {
    const [waiting, failed] = [await insertOld(content, 35), await insertOld(content, 36)];
    // However young the delivery is: a replay made it.
    await deliver(waiting, 'pending', 1);
    await state.query(
      `INSERT INTO nova.audit_findings (event_id, kind, detail, first_seen, last_seen) VALUES ($1, 'failed_run', 'x', now(), now())`,
      [failed],
    );
    const [day, dayBefore] = [await dayName(content, 35), await dayName(content, 36)];
    const { outboxes, failed: failures } = await whole();
    expect(failures).toEqual({});
    expect(outboxes['content']!.kept).toEqual({ [day]: { open_deliveries: 1 }, [dayBefore]: { failed_runs: 1 } });
    // The same days of the other outbox are its own affair.
    expect(outboxes['identity']!.dropped).toEqual({ [day]: 0, [dayBefore]: 0 });

    await state.query(`UPDATE nova.notification_deliveries SET state = 'sent'`);
    await state.query(`UPDATE nova.audit_findings SET resolved_at = now()`);
    expect((await whole()).outboxes['content']!.dropped).toEqual({ [day]: 1, [dayBefore]: 1 });
  });

  it('stays while State does not reply or has too many such events, and the rest is done', async () => {
    await insertOld(content, 35);
    const day = await dayName(content, 35);
    const report = await away((pool) => keepContent({ neededByState: () => readNeededEvents(pool) }));
    expect(report).toMatchObject({
      kept: { [day]: { state_unknown: 1 } },
      expired: { outbox_writer_locks: 0 },
    });
    expect(report!.dropped).toEqual({});
    for (const id of [randomUUID(), randomUUID()]) await deliver(id, 'pending', 1);
    const many = await keepContent({ neededByState: () => readNeededEvents(state, { atMost: 1 }) });
    expect(many).toMatchObject({ kept: { [day]: { state_unknown: 1 } } });
    expect(many!.dropped).toEqual({});
    expect((await keepContent({ neededByState: () => readNeededEvents(state, { atMost: 2 }) }))!.dropped).toMatchObject(
      {
        [day]: 1,
      },
    );
  });

  it('is put back when State is gone at the second look, or says then that it needs an event', async () => {
    const eventId = await insertOld(content, 35);
    const day = await dayName(content, 35);
    const secondSays = (second: NeededEvents) => {
      const replies: NeededEvents[] = [{ openDeliveries: [], failedRuns: [] }, second];
      return async () => replies.shift() ?? second;
    };
    await content.query(`INSERT INTO nova.outbox_events (id, aggregate_id, event_type, payload, created_at, dead_lettered_at)
      VALUES (gen_random_uuid(), gen_random_uuid(), 'PostCreated', '{}', ${noon(36)}, now())`);
    const gone = await keepContent({ neededByState: secondSays('unknown') });
    expect(gone!.kept).toMatchObject({ [day]: { state_unknown: 1 } });
    expect(await partitionNames(content)).toContain(day);
    const needed = await keepContent({ neededByState: secondSays({ openDeliveries: [eventId], failedRuns: [] }) });
    expect(needed!.kept).toMatchObject({ [day]: { open_deliveries: 1 } });
    expect(await partitionNames(content)).toContain(day);
  });

  it('is kept by what a run leaves in State that ends while the open runs are read', async () => {
    const eventId = await insertOld(content, 35);
    const day = await dayName(content, 35);
    // At the second look, when the day is out already.
    const openRuns = async () => {
      if (!(await partitionNames(content)).includes(day)) await deliver(eventId, 'claimed', 35);
      return [];
    };
    expect((await keepContent({ openRuns }))!.kept).toEqual({ [day]: { open_deliveries: 1 } });
  });

  it('and rows of the past stay while State needs their event', async () => {
    const [needed, done] = [await insertOld(content, 90), await insertOld(content, 90)];
    await deliver(needed, 'claimed', 1);
    expect((await whole()).outboxes['content']!.expired).toMatchObject({ outbox_events: 1 });
    const left = await content.query<{ id: string }>('SELECT id FROM nova.outbox_events');
    expect(left.rows.map(({ id }) => id)).toEqual([needed]);
    expect(left.rows).not.toContainEqual({ id: done });
  });
});

describe('ledger rows in State', () => {
  it('stay while one outbox has a row of their event, and go when none has', async () => {
    const [gone, kept] = [
      await insertOld(content, 35),
      await insertOld(identity, 36, { dead_lettered_at: noon(36), published_at: 'NULL', emitted_at: 'NULL' }),
    ];
    for (const id of [gone, kept]) await deliver(id, 'sent', 35);
    const { rows } = await identity.query<{ aggregate: string; sequence: number }>(
      'SELECT aggregate_id AS aggregate, sequence FROM nova.outbox_events',
    );
    const { aggregate, sequence } = rows[0]!;
    const stone = (target: string, at: number) =>
      state.query(
        `INSERT INTO nova.tombstones (subject_type, subject_id, sequence, final, reason, created_at) VALUES ('reaction', $1, $2, false, 'x', ${noon(35)})`,
        [`${target}:${randomUUID()}:+1`, at],
      );
    await stone(aggregate, sequence + 1);
    await stone(aggregate, sequence - 1);
    await stone(randomUUID(), sequence + 1);

    const first = await whole();
    expect(first.state).toMatchObject({ expired: { notification_deliveries: 1, tombstones: 2 } });
    expect(first.state!.silent).toEqual({});
    expect(await delivered()).toEqual([kept]);
    await identity.query(
      `UPDATE nova.outbox_events SET dead_lettered_at = NULL, published_at = ${noon(36)}, emitted_at = ${noon(36)}`,
    );
    expect((await whole()).state!.expired).toMatchObject({ notification_deliveries: 1, tombstones: 1 });
    expect(await delivered()).toEqual([]);
  });

  it('stay while one outbox does not reply, which the report says; what has no event goes by its age', async () => {
    await deliver(randomUUID(), 'sent', 35);
    await state.query(
      `INSERT INTO nova.send_allowances (actor_id, recipient_id, channel, window_began, used) VALUES (gen_random_uuid(), gen_random_uuid(), 'sms', ${noon(35)}, 1)`,
    );
    const report = await away((pool) =>
      whole({
        outboxes: new OutboxPools(
          new Map([
            ['content', content],
            ['identity', pool],
          ]),
        ),
      }),
    );
    expect(report.state!.expired).toMatchObject({ notification_deliveries: 0, send_allowances: 1 });
    expect(report.failed).toEqual({ identity: expect.any(String) as string });
    // The other outbox is cleaned all the same.
    expect(Object.keys(report.outboxes['content']!.dropped)).toHaveLength(2);
    expect(doneText(report)).toMatch(/kept what belongs to events: outbox identity does not reply: .*ECONNREFUSED/);
    expect((await whole()).state!.expired).toMatchObject({ notification_deliveries: 1 });
  });

  it('stay while a day of one outbox is half-way out, since it may come back', async () => {
    await deliver(randomUUID(), 'sent', 35);
    await content.query('SELECT nova.outbox_ensure_partitions(14)');
    await whole();
    await deliver(randomUUID(), 'sent', 35);
    await identity.query(
      `INSERT INTO nova.outbox_partition_drops (name, lower_bound, upper_bound) VALUES ('outbox_events_20000101', '2000-01-01', '2000-01-02')`,
    );
    const report = await keepState(deps(), options);
    expect(report).toMatchObject({
      expired: { notification_deliveries: 0 },
      silent: { identity: 'has a day half-way out' },
    });
    expect(await delivered()).toHaveLength(1);
  });

  it('that change after the outboxes were asked stay, also where another row has taken a place', async () => {
    await whole();
    const changed = randomUUID();
    await deliver(changed, 'skipped', 35);
    // The row that is written next has the very place of the one that is gone.
    const opened = overtakenAt(state, 'DELETE FROM nova.notification_deliveries', async () => {
      await state.query('DELETE FROM nova.notification_deliveries');
      await state.query('VACUUM nova.notification_deliveries');
      await deliver(changed, 'pending', 35);
    });
    expect((await keepState(deps({ state: opened }), options))!.expired).toMatchObject({ notification_deliveries: 0 });
    expect(await delivered()).toEqual([changed]);
  });

  it('of an outbox off the list stay for seven days with a process that does not name it, and go by age after that', async () => {
    await insertOld(identity, 36, { dead_lettered_at: noon(36), published_at: 'NULL', emitted_at: 'NULL' });
    await whole();
    const { rows } = await identity.query<{ id: string }>('SELECT id FROM nova.outbox_events');
    await deliver(rows[0]!.id, 'sent', 35);
    const half = { outboxes: new OutboxPools(new Map([['content', content]])) };
    await expect(keepState(deps(half), options)).rejects.toThrow(/does not name identity/);
    expect(await delivered()).toHaveLength(1);
    await state.query(`UPDATE nova.chores SET last_done_at = now() - interval '8 days'`);
    expect((await keepState(deps(half), options))!.expired).toMatchObject({ notification_deliveries: 1 });
  });
});

/** What another process does right before this one sends its first such statement. */
function overtakenAt(real: Pool, statement: string, meanwhile: () => Promise<unknown>): Pool {
  let done = false;
  return new Proxy(real, {
    get(object, key) {
      const value = Reflect.get(object, key, object) as unknown;
      if (typeof value !== 'function') return value;
      const call = value.bind(object) as (...args: unknown[]) => unknown;
      if (key !== 'query') return call;
      return async (...args: unknown[]) => {
        if (!done && String(args[0]).includes(statement)) {
          done = true;
          await meanwhile();
        }
        return call(...args);
      };
    },
  });
}
