import { type Pool } from 'pg';
import { waitFor } from './wait-for';

/** Which server processes to look for. */
export interface Looked {
  /** Text of the statement, as a pattern of LIKE. */
  readonly query?: string;
  /** Name that the connection gave. */
  readonly applicationName?: string;
  /** Only those that wait for a lock. */
  readonly waitsForLock?: boolean;
}

/** Parameters: $1 pattern of the statement or null, $2 name of the application or null, $3 waits for a lock. */
const matching = `
  datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'
  AND query LIKE coalesce($1, '%') AND application_name = coalesce($2, application_name)
  AND (NOT $3 OR wait_event_type = 'Lock')`;

const values = (looked: Looked): unknown[] => [
  looked.query ?? null,
  looked.applicationName ?? null,
  looked.waitsForLock ?? false,
];

/**
 * Process ids of what is at work in this database, or waits in it. Takes a pool and no client on purpose: inside a
 * transaction PostgreSQL shows the same picture at every look, that of the first one, and a test that waits for a
 * change waits without end if that first look came too early.
 */
export async function underWay(pool: Pool, looked: Looked): Promise<number[]> {
  const { rows } = await pool.query<{ pid: number }>(
    `SELECT pid FROM pg_stat_activity WHERE ${matching} ORDER BY pid`,
    values(looked),
  );
  return rows.map(({ pid }) => pid);
}

/** Ends the sessions of an application in this database, idle or not, as an administrator would. Returns how many. */
export async function endSessions(pool: Pool, applicationName: string): Promise<number> {
  const { rowCount } = await pool.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = $1`,
    [applicationName],
  );
  return rowCount ?? 0;
}

/** How many sessions each application has in this database, idle or not; of those whose names are like the pattern. */
export async function sessionsOf(pool: Pool, applications: string): Promise<Record<string, number>> {
  const { rows } = await pool.query<{ name: string; count: number }>(
    `SELECT application_name AS name, count(*)::integer AS count FROM pg_stat_activity
     WHERE datname = current_database() AND application_name LIKE $1 GROUP BY 1`,
    [applications],
  );
  return Object.fromEntries(rows.map(({ name, count }) => [name, count]));
}

/** The most sessions of each application that were seen at one time, until this is so. */
export async function mostSessionsOf(
  pool: Pool,
  applications: string,
  until: () => Promise<boolean>,
): Promise<Record<string, number>> {
  const most: Record<string, number> = {};
  await waitFor(
    async () => {
      // The last look is after the end.
      const isSo = await until();
      for (const [name, count] of Object.entries(await sessionsOf(pool, applications)))
        most[name] = Math.max(most[name] ?? 0, count);
      return isSo;
    },
    { what: 'the end of the burst', timeoutMs: 180_000 },
  );
  return most;
}
