import { randomUUID } from 'node:crypto';
import { type Pool } from 'pg';
import { finishDrops } from '../../../outbox/housekeeping/drop-partition';
import { readNeededEvents } from '../../../outbox/housekeeping/needed-events';
import { outboxHousekeeping } from '../../../outbox/housekeeping/service';
import { createBridgeMetrics } from '../../../outbox-bridge/metrics';
import { Registry } from 'prom-client';
import { type TestDatabase, createTestDatabase, patientPool } from '../../support/database';
import { silentLogger } from '../../support/logger';
import { backdateOutbox, dayName, insertOld, noon, partitionNames, turn } from '../../support/partitions';
import { type PgBouncer, startPgBouncer } from '../../support/pgbouncer';
import { underWay } from '../../support/server-activity';
import { servers } from '../../support/servers';
import { waitFor } from '../../support/wait-for';

let database: TestDatabase;
let pool: Pool;
let name: string;
beforeEach(async () => {
  database = await createTestDatabase();
  pool = database.pool;
  await backdateOutbox(pool, [35, 34]);
  name = await dayName(pool, 35);
  await insertOld(pool, 35);
});
afterEach(async () => {
  await Promise.all([...openReaders].map((end) => end()));
  await database.drop();
});

/** Transactions that a failed test left open: nothing may wait for them. */
const openReaders = new Set<() => Promise<void>>();

const insertNow = () =>
  pool.query(
    `INSERT INTO outbox_events (id, aggregate_id, event_type, payload) VALUES (gen_random_uuid(), gen_random_uuid(), 'PostCreated', '{}')`,
  );
/** Server process of the detach that waits, or undefined. */
const waitingDetach = async (): Promise<number | undefined> =>
  (await underWay(pool, { query: '%DETACH%', waitsForLock: true }))[0];
/** A client hears of the end of its statement before the server shows it. */
const noneWaits = () => waitFor(async () => (await waitingDetach()) === undefined, { what: 'the end of the detach' });

/** A transaction that has read the outbox and stays open: what makes a plain DETACH, and every insert behind it, queue. */
async function openReader(): Promise<{ read(): Promise<number>; end(): Promise<void> }> {
  const client = await pool.connect();
  await client.query('BEGIN');
  const read = async () => (await client.query<{ n: number }>('SELECT count(*) AS n FROM outbox_events')).rows[0]!.n;
  await read();
  const end = async () => {
    if (!openReaders.delete(end)) return;
    await client.query('COMMIT');
    client.release();
  };
  openReaders.add(end);
  return { read, end };
}

describe('while another session reads the whole table for long', () => {
  it('a detach waits, and writers and claims go on as if nothing were', async () => {
    const reader = await openReader();
    const done = turn(pool);
    await waitFor(waitingDetach, { what: 'a waiting detach' });
    // A lock that anything waits for would show here: the detach waits for the reader's end, holding nothing.
    const blocked = `SELECT count(*) AS n FROM pg_locks WHERE NOT granted AND relation IS NOT NULL
                     AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
    for (let i = 0; i < 50; i++) {
      await insertNow();
      await pool.query(
        `SELECT count(*) FROM outbox_claim(gen_random_uuid(), '5s', ARRAY[4,4,4,4], 1, 4, 8, '{}', 1000)`,
      );
      expect((await pool.query<{ n: number }>(blocked)).rows[0]!.n).toBe(0);
    }
    await pool.query('SELECT outbox_ensure_partitions(20)');
    expect(await waitingDetach()).toBeDefined();
    await reader.end();
    expect((await done)!.dropped).toMatchObject({ [name]: 1 });
  });

  it('a turn gives up after its patience, and the next goes on where it stopped', async () => {
    const reader = await openReader();
    expect(await turn(pool, { patienceMs: 300 })).toEqual(expect.objectContaining({ waiting: name, dropped: {} }));
    await noneWaits();
    expect(await turn(pool, { patienceMs: 300 })).toEqual(expect.objectContaining({ waiting: name, dropped: {} }));
    await insertNow();
    await reader.end();
    const report = await turn(pool);
    expect(report).toMatchObject({ waiting: null, dropped: { [name]: 1, [await dayName(pool, 34)]: 0 } });
  });

  it('ledger rows of a half-detached day stay, since the day may come back', async () => {
    const { rows } = await pool.query<{ id: string }>('SELECT id FROM outbox_events');
    await pool.query(
      `INSERT INTO notification_deliveries (event_id, recipient_id, channel, kind, state, created_at)
       VALUES ($1, gen_random_uuid(), 'email', 'x', 'sent', ${noon(40)})`,
      [rows[0]!.id],
    );
    const reader = await openReader();
    const report = await turn(pool, { patienceMs: 300 });
    expect(report).toMatchObject({ waiting: name, expired: { notification_deliveries: 0 } });
    await reader.end();
    expect((await turn(pool))!.expired).toMatchObject({ notification_deliveries: 1 });
  });

  it('a bridge that is asked to stop does not wait for it', async () => {
    const reader = await openReader();
    const service = outboxHousekeeping(
      {
        ...{ outbox: pool, logger: silentLogger, holder: 'b', retentionDays: 30, patienceMs: 600_000 },
        keepDays: { operatorActs: 730 },
        ...{ openRuns: async () => [], neededByState: () => readNeededEvents(pool) },
      },
      createBridgeMetrics(new Registry()),
    );
    await service.start();
    await waitFor(waitingDetach, { what: 'a waiting detach' });
    await service.stop();
    await noneWaits();
    await reader.end();
    expect((await turn(pool))!.dropped).toMatchObject({ [name]: 1 });
  });
});

/** Forgets the turn of a process that died, as the end of its lease would. */
const leaseEnds = () => pool.query(`UPDATE chores SET lease_until = '-infinity'`);

describe('after a crash', () => {
  it('in a detach that goes on in the server without its process, the day is finished once', async () => {
    const reader = await openReader();
    const dead = patientPool({ url: database.url, max: 2, applicationName: 'dead' });
    const lost = turn(dead, { patienceMs: 600_000 }).catch((thrown: unknown) => thrown);
    await waitFor(waitingDetach, { what: 'a waiting detach' });
    // The turn is held: no other process begins.
    expect(await turn(pool)).toBeUndefined();
    await leaseEnds();
    const next = turn(pool, { patienceMs: 600_000 });
    // The first thing the next one does is to end what was left running.
    expect(await lost).toMatchObject({ message: expect.stringContaining('turn') as string });
    await waitFor(waitingDetach, { what: 'the detach to go on' });
    await reader.end();
    expect((await next)!.dropped).toMatchObject({ [name]: 1 });
    await dead.end();
  });

  it.each(['CONCURRENTLY', 'LOCK TABLE', 'DROP TABLE'])('at %s the next turn finishes', async (statement) => {
    const victim = crashingAt(pool, statement);
    await expect(turn(victim)).rejects.toThrow(/crashed/);
    await leaseEnds();
    const report = await turn(pool);
    expect({ ...report!.dropped, ...report!.kept }).toMatchObject({ [name]: 1 });
    expect(await partitionNames(pool)).not.toContain(name);
    expect((await pool.query('SELECT 1 FROM outbox_partition_drops WHERE dropped_at IS NULL')).rowCount).toBe(0);
  });
});

/** The same pool; but the process dies when it is about to send, or in a transaction has sent, a statement. */
function crashingAt(real: Pool, statement: string): Pool {
  const crash = (text: unknown) => {
    const sent = typeof text === 'string' ? text : (text as { text: string }).text;
    if (sent.includes(statement)) throw new Error('crashed');
  };
  const wrap = <T extends object>(target: T): T =>
    new Proxy(target, {
      get(object, key) {
        const value = Reflect.get(object, key, object) as unknown;
        if (typeof value !== 'function') return value;
        if (key === 'connect') return async () => wrap((await (value as () => Promise<object>).call(object)) as T);
        if (key !== 'query') return (value as (...args: unknown[]) => unknown).bind(object);
        return async (...args: unknown[]) => {
          if (statement === 'CONCURRENTLY') {
            const answer = await (value as (...args: unknown[]) => Promise<unknown>).apply(object, args);
            crash(args[0]);
            return answer;
          }
          crash(args[0]);
          return (value as (...args: unknown[]) => unknown).apply(object, args);
        };
      },
    });
  return wrap(real);
}

describe('two bridges', () => {
  it('at once: one does it, and what the other believes of its turn harms nothing', async () => {
    // The process that has the turn keeps it until all have asked: asked for later, a second turn is as good as the first.
    const reader = await openReader();
    let refused = 0;
    const turns = [1, 2, 3].map(async () => {
      const report = await turn(pool);
      if (report === undefined) refused++;
      return report;
    });
    await waitFor(() => refused === 2, { what: 'two without a turn' });
    await reader.end();
    const reports = await Promise.all(turns);
    expect(reports.filter((report) => report !== undefined)).toMatchObject([{ dropped: { [name]: 1 } }]);
    // Not due again for an hour, whichever process asks.
    expect(await turn(pool, {}, { asked: false })).toBeUndefined();
  });

  it('that both believe to have the turn do not drop a day twice, nor one that is put back', async () => {
    const reader = await openReader();
    const first = turn(pool, { holder: 'asleep' }).catch((thrown: unknown) => thrown);
    await waitFor(waitingDetach, { what: 'a waiting detach' });
    await leaseEnds();
    await insertNow();
    const second = turn(pool, { holder: 'awake' }).catch((thrown: unknown) => thrown);
    await reader.end();
    await Promise.all([first, second]);
    await leaseEnds();
    await turn(pool);
    expect(await partitionNames(pool)).not.toContain(name);
    expect((await pool.query('SELECT row_count FROM outbox_partition_drops WHERE name = $1', [name])).rows).toEqual([
      { row_count: 1 },
    ]);
    expect((await pool.query('SELECT 1 FROM outbox_events')).rowCount).toBe(1);
  });
});

/** What another process does at the worst instant: right before this process sends its first such statement. */
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

describe('a process that is overtaken by another', () => {
  const recorded = async () =>
    (
      await pool.query<{ rows: number | null; done: boolean }>(
        'SELECT row_count AS rows, dropped_at IS NOT NULL AS done FROM outbox_partition_drops WHERE name = $1',
        [name],
      )
    ).rows;
  const others = async () => {
    await leaseEnds();
    expect((await turn(pool))!.dropped).toMatchObject({ [name]: 1 });
  };

  it('between its look and its intent leaves the record of the drop as it is', async () => {
    await expect(turn(overtakenAt(pool, 'INSERT INTO nova.outbox_partition_drops', others))).rejects.toThrow();
    await leaseEnds();
    await turn(pool);
    expect(await recorded()).toEqual([{ rows: 1, done: true }]);
  });

  it('while it reads what is unfinished does not write over how many rows went', async () => {
    // A drop of the other process that commits between the snapshot of the query and its look at the catalogue.
    await pool.query(
      `INSERT INTO outbox_partition_drops (name, lower_bound, upper_bound) SELECT name, lower_bound, upper_bound FROM outbox_partitions WHERE name = $1`,
      [name],
    );
    const stale = async () => {
      await pool.query(`ALTER TABLE outbox_events DETACH PARTITION ${name}`);
      await pool.query(`DROP TABLE ${name}`);
    };
    const recordedNow = () =>
      pool.query('UPDATE outbox_partition_drops SET dropped_at = now(), row_count = 1 WHERE name = $1', [name]);
    await stale();
    await turn(overtakenAt(pool, 'UPDATE nova.outbox_partition_drops', recordedNow));
    expect(await recorded()).toEqual([{ rows: 1, done: true }]);
  });

  it('that has begun to take the day out does not delete the intent of that one', async () => {
    await pool.query(
      `INSERT INTO outbox_partition_drops (name, lower_bound, upper_bound) SELECT name, lower_bound, upper_bound FROM outbox_partitions WHERE name = $1`,
      [name],
    );
    const begunAgain = () => pool.query('UPDATE outbox_partition_drops SET began_at = clock_timestamp()');
    const stop = new AbortController();
    const victim = overtakenAt(pool, 'DELETE FROM nova.outbox_partition_drops', begunAgain);
    await finishDrops(victim, {
      ...{ retentionDays: 30, patienceMs: 1_000, signal: stop.signal },
      ...{ openRuns: async () => [], neededByState: () => readNeededEvents(pool) },
    });
    expect(await recorded()).toEqual([{ rows: null, done: false }]);
  });
});

describe('behind PgBouncer in transaction mode', () => {
  let bouncer: PgBouncer;
  beforeAll(async () => {
    bouncer = await startPgBouncer(servers().databaseUrl);
  });
  afterAll(() => bouncer.close());

  it('housekeeping works the same, and a detach that waits is cancelled by the process that looks for it', async () => {
    const pooled = patientPool({
      url: bouncer.url(new URL(database.url).pathname.slice(1)),
      max: 4,
      applicationName: randomUUID(),
    });
    try {
      const reader = await openReader();
      expect(await turn(pooled, { patienceMs: 300 })).toMatchObject({ waiting: name });
      await reader.end();
      expect((await turn(pooled))!.dropped).toMatchObject({ [name]: 1 });
    } finally {
      await pooled.end();
    }
  });
});
