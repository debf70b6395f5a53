import { randomUUID } from 'node:crypto';
import { type Pool } from 'pg';
import { type OutboxReport } from '../../outbox/housekeeping/outbox-housekeeping';
import { type StateReport } from '../../outbox/housekeeping/state-housekeeping';
import { type TurnOptions } from '../../outbox/housekeeping/turn-of-steps';
import { type WholeHousekeepingDeps, keepWhole } from '../../outbox/housekeeping/whole-housekeeping';
import { OutboxPools } from '../../runtime/outbox-pools';
import { silentLogger } from './logger';
import { waitFor } from './wait-for';

/**
 * Waits for midnight (UTC) when it is near: a test that counts days must not meet a second day. Then the outbox has the
 * partitions of today. `backdateOutbox` does it too.
 */
export async function awayFromMidnight(pool: Pool): Promise<void> {
  const left = `SELECT extract(epoch FROM date_trunc('day', t) + interval '1 day' - t)::integer AS seconds FROM (SELECT now() AT TIME ZONE 'UTC' AS t) n`;
  await waitFor(async () => (await pool.query<{ seconds: number }>(left)).rows[0]!.seconds > 180, {
    timeoutMs: 300_000,
    everyMs: 1_000,
    what: 'a new day',
  });
  await pool.query('SELECT nova.outbox_ensure_partitions(14)');
}

/** Gives the outbox daily partitions of so many days ago, as if it had run then. */
export async function backdateOutbox(pool: Pool, daysAgo: readonly number[]): Promise<void> {
  await awayFromMidnight(pool);
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    await client.query('ALTER TABLE outbox_events DETACH PARTITION outbox_events_past');
    await client.query(`DO $$ DECLARE day timestamptz; BEGIN
      FOR day IN SELECT date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' - n * interval '24 hours' FROM unnest(ARRAY[${daysAgo.join(', ')}]) AS n LOOP
        -- Made already: the template is of the day on which the run of the tests began.
        CONTINUE WHEN to_regclass(format('outbox_events_%s', to_char(day AT TIME ZONE 'UTC', 'YYYYMMDD'))) IS NOT NULL;
        EXECUTE format('CREATE TABLE outbox_events_%s (LIKE outbox_events INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', to_char(day AT TIME ZONE 'UTC', 'YYYYMMDD'));
        EXECUTE format('ALTER TABLE outbox_events_%s OWNER TO nova_owner', to_char(day AT TIME ZONE 'UTC', 'YYYYMMDD'));
        EXECUTE format('ALTER TABLE outbox_events ATTACH PARTITION outbox_events_%s FOR VALUES FROM (%L) TO (%L)', to_char(day AT TIME ZONE 'UTC', 'YYYYMMDD'), day, day + interval '24 hours');
      END LOOP;
      SELECT min(lower_bound) INTO day FROM outbox_partitions;
      EXECUTE format('ALTER TABLE outbox_events ATTACH PARTITION outbox_events_past FOR VALUES FROM (MINVALUE) TO (%L)', day);
    END $$`);
    await client.query('COMMIT');
  } finally {
    client.release();
  }
}

/** Noon (UTC) so many days ago: as SQL. */
export const noon = (daysAgo: number): string =>
  `(date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' - interval '${daysAgo * 24 - 12} hours')`;

export async function dayName(pool: Pool, daysAgo: number): Promise<string> {
  const { rows } = await pool.query<{ name: string }>(
    `SELECT 'outbox_events_' || to_char(${noon(daysAgo)} AT TIME ZONE 'UTC', 'YYYYMMDD') AS name`,
  );
  return rows[0]!.name;
}

/** A row of a day long ago, started and emitted then unless `set` says otherwise. Returns its id. */
export async function insertOld(pool: Pool, daysAgo: number, set: Record<string, string> = {}): Promise<string> {
  const id = randomUUID();
  const values: Record<string, string> = {
    id: `'${id}'`,
    aggregate_id: `gen_random_uuid()`,
    event_type: `'PostCreated'`,
    payload: `'{}'`,
    created_at: noon(daysAgo),
    published_at: noon(daysAgo),
    emitted_at: noon(daysAgo),
    ...set,
  };
  await pool.query(
    `INSERT INTO outbox_events (${Object.keys(values).join(', ')}) VALUES (${Object.values(values).join(', ')})`,
  );
  return id;
}

/** What one turn found and did, in State and in the one outbox. */
export type TurnReport = StateReport & OutboxReport;

/** Of State while another process is at it. */
const nothing: StateReport = {
  ...{ expired: {}, silent: {}, outboxes: [], more: false },
  ended: { unknown: 0, skipped: 0, examples: [] },
};

/**
 * One turn of housekeeping, now, of a deployment with one database for everything. It gives nothing up: a test in which it has to
 * says `patienceMs`. Returns undefined when another process is at the outbox.
 */
export async function turn(
  pool: Pool,
  overrides: Partial<WholeHousekeepingDeps> = {},
  options: Partial<TurnOptions> = {},
): Promise<TurnReport | undefined> {
  const { outboxes, state, failed } = await keepWhole(
    {
      state: pool,
      outboxes: OutboxPools.one(pool),
      logger: silentLogger,
      holder: 'test',
      retentionDays: 30,
      patienceMs: 500_000,
      keepDays: { readNotifications: 365, tombstones: 1_095, operatorActs: 730 },
      openRuns: async () => [],
      isOpen: async () => false,
      ...overrides,
    },
    { asked: options.asked ?? true, signal: options.signal ?? new AbortController().signal },
  );
  const failures = Object.values(failed);
  if (failures.length > 0) throw new Error(failures.join('; '));
  const { main } = outboxes;
  if (main === undefined) return undefined;
  return { ...(state ?? nothing), ...main, expired: { ...state?.expired, ...main.expired } };
}

export async function partitionNames(pool: Pool): Promise<string[]> {
  const { rows } = await pool.query<{ name: string }>('SELECT name FROM outbox_partitions ORDER BY lower_bound');
  return rows.map(({ name }) => name);
}
