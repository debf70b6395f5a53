import { type Pool } from 'pg';
import { setTimeout as pause } from 'node:timers/promises';
import { bridgeTrouble } from './bridge-trouble';
import { type BridgeInstance, type Handling } from './evidence';

const bridges = `
  SELECT instance_id AS "instanceId", state, reason, ARRAY(SELECT jsonb_object_keys(paused_types)) AS "pausedTypes",
    extract(epoch FROM now() - heartbeat_at)::float8 * 1000 AS "silentForMs" FROM nova.bridge_instances`;

const handlings = `
  SELECT n::float8 AS n, listener, topic, key, event_id AS "eventId", sequence::float8 AS sequence,
    extract(epoch FROM began_at)::float8 * 1000 AS "beganAtMs", extract(epoch FROM ended_at)::float8 * 1000 AS "endedAtMs"
  FROM business.heard`;

/** How subscribers handled what they heard. */
export async function readHandlings(pool: Pool): Promise<Handling[]> {
  return (await pool.query<Handling>(handlings)).rows;
}

/** Numbers of the transactions that happened. */
export async function readMarks(pool: Pool): Promise<Set<number>> {
  const { rows } = await pool.query<{ tx: number }>('SELECT tx::float8 AS tx FROM business.transactions');
  return new Set(rows.map(({ tx }) => tx));
}

const locksHeld = `
  SELECT format('process %s (%s) holds the advisory lock %s/%s', l.pid, a.application_name, l.classid, l.objid) AS what
  FROM pg_locks l JOIN pg_stat_activity a USING (pid)
  WHERE l.locktype = 'advisory' AND l.granted AND a.datname = current_database() AND l.pid <> pg_backend_pid()`;
const transactionsOpen = `
  SELECT format('process %s (%s) has a transaction open since %s', pid, application_name, xact_start) AS what
  FROM pg_stat_activity
  WHERE datname = current_database() AND backend_type = 'client backend' AND xact_start IS NOT NULL
    AND pid <> pg_backend_pid()`;
const betweenLooksMs = 1_500;
/** What leaks stays; a statement of a starved server may last for many seconds, and ends. */
const patienceMs = 120_000;

/** What is held at every look for two minutes: the lock or transaction of a process at work is not among them. */
export async function readHeld(pool: Pool, forMs = patienceMs): Promise<string[]> {
  const look = async (): Promise<string[]> => {
    const seen = [];
    for (const sql of [locksHeld, transactionsOpen]) seen.push(...(await pool.query<{ what: string }>(sql)).rows);
    return seen.map(({ what }) => what);
  };
  let held = await look();
  const begun = performance.now();
  while (held.length > 0 && performance.now() - begun < forMs) {
    await pause(betweenLooksMs);
    const seen = await look();
    held = held.filter((what) => seen.includes(what));
  }
  return held;
}

/** What the bridges say, once they hold back nothing: on a starved machine one may be in an outage of a moment. */
export async function readBridges(pool: Pool, forMs = patienceMs): Promise<BridgeInstance[]> {
  const begun = performance.now();
  for (;;) {
    const { rows } = await pool.query<BridgeInstance>(bridges);
    if (rows.flatMap(bridgeTrouble).length === 0 || performance.now() - begun > forMs) return rows;
    await pause(betweenLooksMs);
  }
}
