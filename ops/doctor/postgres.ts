import { join } from 'node:path';
import { type Pool } from 'pg';
import { missingMigrations } from '../../migrations/missing-migrations';
import { type MigrationSet } from '../../migrations/sets';
import { fault, lookAtServer, ok, warning } from './check';
import { type Check } from './check';

interface Asked {
  /** `PostgreSQL`, or `outbox content`. */
  readonly of: string;
  readonly pool: Pool;
  /** What it must have. */
  readonly sets: readonly MigrationSet[];
  /** `DATABASE_URL (127.0.0.1:5432/nova)` */
  readonly place: string;
  /** Options of `npm run migrate` for it, with a space before them; empty: none. */
  readonly migrateOptions: string;
}

const oldest = 14;
const newestTried = 18;
/** Timestamps of both decide together what is too old. */
const clockMs = 1_000;
/** Days of partitions: housekeeping makes more every hour. */
const daysWanted = 7;
const crowded = 0.85;

const connections = `
  SELECT count(*)::integer AS used, current_setting('max_connections')::integer AS most FROM pg_stat_activity`;
const login = `SELECT current_user AS name, rolsuper AS super FROM pg_roles WHERE rolname = current_user`;
const idle = `
  SELECT pid, extract(epoch FROM clock_timestamp() - xact_start)::integer AS seconds FROM pg_stat_activity
  WHERE xact_start < clock_timestamp() - interval '10 minutes' AND state LIKE 'idle in transaction%' AND datname = current_database()
  ORDER BY xact_start LIMIT 1`;

/** What one database needs. */
export async function checkPostgres({ of, pool, sets, place, migrateOptions }: Asked): Promise<Check[]> {
  const one = async <T extends object>(sql: string): Promise<T | undefined> => (await pool.query<T>(sql)).rows[0];
  const migrate = `npm run migrate${migrateOptions}`;
  const reach = {
    work: async () => `PostgreSQL ${(await one<{ server_version: string }>('SHOW server_version'))?.server_version}`,
    cure: `start it, or correct ${place}; docs/configuration.md has the login's form`,
  };
  return lookAtServer(of, reach, {
    version: async () => {
      const found = await one<{ server_version_num: string }>('SHOW server_version_num');
      const major = Math.floor(Number(found?.server_version_num) / 10_000);
      if (major < oldest) return fault(`${major}`, `${oldest} or later is needed`);
      if (major > newestTried) return warning(`${major} was never tried`, `${oldest} to ${newestTried} were`);
      return ok(String(major));
    },
    schema: async () => {
      const missing = await missingMigrations(pool, { folder: join(__dirname, '../../migrations'), sets });
      if (missing.length === 0) return ok('every migration of this version is there');
      return fault(`without ${missing.slice(0, 3).join(', ')}${missing.length > 3 ? ', …' : ''}`, migrate);
    },
    clock: async () => {
      const before = Date.now();
      const found = await one<{ ms: number }>('SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS ms');
      const after = Date.now();
      const off = Math.max(0, before - Number(found?.ms), Number(found?.ms) - after);
      const says = `${(off / 1_000).toFixed(1)} s from this machine's`;
      return off < clockMs ? ok(says) : warning(says, 'synchronise both by NTP: ages and time limits are wrong by it');
    },
    connections: async () => {
      const { used = 0, most = 1 } = (await one<{ used: number; most: number }>(connections)) ?? {};
      const says = `${used} of ${most} in use`;
      if (used < crowded * most) return ok(says);
      return warning(says, 'raise max_connections, or the pools (docs/configuration.md) ask for too many');
    },
    login: async () => {
      const { name = '', super: isSuper = false } = (await one<{ name: string; super: boolean }>(login)) ?? {};
      if (!isSuper) return ok(name);
      return warning(`${name} is a superuser`, 'use a login of the role nova_operator: docs/runbook.md, Rights');
    },
    'long transactions': async () => {
      const found = await one<{ pid: number; seconds: number }>(idle);
      if (found === undefined) return ok('none is idle for 10 minutes');
      const says = `process ${found.pid} is idle in a transaction for ${found.seconds} s`;
      return warning(says, `end it: SELECT pg_terminate_backend(${found.pid}); VACUUM frees nothing meanwhile`);
    },
    ...(sets.includes('outbox') && {
      partitions: async () => {
        const found = await one<{ days: number }>('SELECT nova.outbox_days_ahead() AS days');
        const says = `for ${found?.days} days ahead`;
        if ((found?.days ?? -1) < 0) return fault('none for today: inserts fail', migrate);
        return (found?.days ?? 0) >= daysWanted
          ? ok(says)
          : warning(says, 'start a bridge, which makes them; or migrate');
      },
    }),
  });
}
