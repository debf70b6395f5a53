import { setTimeout as sleep } from 'node:timers/promises';
import { type Client } from 'pg';
import { computedSeconds, residentMegabytes } from '../computing';

/** What a bridge costs while nothing happens. */
export interface Cost {
  /** Of the bridge process, resident. */
  readonly megabytes: number;
  /** Of one core. */
  readonly bridgePercent: number;
  /** Of one core: the sessions of the bridge in PostgreSQL. */
  readonly serverPercent: number;
  readonly transactionsPerSecond: number;
  readonly connections: number;
}

interface Sessions {
  readonly pids: readonly number[];
  readonly transactions: number;
}

/** The bridge's sessions in the databases of one measurement, and what was done in these. */
async function sessionsOf(admin: Client, prefix: string): Promise<Sessions> {
  const { rows: open } = await admin.query<{ pid: number }>(
    `SELECT pid FROM pg_stat_activity WHERE starts_with(datname, $1) AND application_name LIKE 'nova-bridge%'`,
    [prefix],
  );
  const { rows } = await admin.query<{ transactions: number }>(
    `SELECT coalesce(sum(xact_commit + xact_rollback), 0)::float8 AS transactions FROM pg_stat_database WHERE starts_with(datname, $1)`,
    [prefix],
  );
  return { pids: open.map(({ pid }) => pid), transactions: rows[0]?.transactions ?? 0 };
}

/** Watches for so many seconds. `admin` is connected to a database that is none of the measurement's. */
export async function costOf(pid: number, admin: Client, prefix: string, seconds: number): Promise<Cost> {
  const each = ({ pids }: Sessions): Map<number, number> => new Map(pids.map((pid) => [pid, computedSeconds(pid)]));
  const before = await sessionsOf(admin, prefix);
  const [begun, bridgeBefore, serverBefore] = [performance.now(), computedSeconds(pid), each(before)];
  await sleep(seconds * 1_000);
  const took = (performance.now() - begun) / 1_000;
  const bridgeAfter = computedSeconds(pid);
  const after = await sessionsOf(admin, prefix);
  // A session that began meanwhile has done all of its work meanwhile; what one did that has ended is not known.
  const serverSeconds = [...each(after)].reduce(
    (sum, [one, seconds]) => sum + seconds - (serverBefore.get(one) ?? 0),
    0,
  );
  return {
    megabytes: residentMegabytes(pid),
    bridgePercent: (100 * (bridgeAfter - bridgeBefore)) / took,
    serverPercent: (100 * serverSeconds) / took,
    transactionsPerSecond: (after.transactions - before.transactions) / took,
    connections: after.pids.length,
  };
}
