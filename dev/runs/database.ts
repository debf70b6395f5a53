import { Client, Pool } from 'pg';
import { runMigrations } from '../../migrations/run-migrations';
import { databasePrefix } from './names';
import { type LoginUrls, loginOf, makeLogins } from '../logins';
import { businessRights, businessSchema } from '../../proof/traffic/business-schema';

export interface RunDatabase {
  readonly url: string;
  /** The database as each login sees it that is a member of one role and nothing else. */
  readonly urls: LoginUrls;
  /** Of the run's set-up and checks, which look at everything. */
  readonly pool: Pool;
  /** Of the business services: a publisher with tables of its own. */
  readonly writers: Pool;
  close(): Promise<void>;
  drop(): Promise<void>;
}

/** A fresh, migrated database beside the one at `serverUrl`. */
export async function createRunDatabase(serverUrl: string, name: string): Promise<RunDatabase> {
  await asAdmin(serverUrl, (admin) => admin.query(`CREATE DATABASE ${name}`));
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  await runMigrations(url.toString());
  const urls = await makeLogins(url.toString());
  const [pool, writers] = [openPool(url.toString(), 8), openPool(urls.publisher, 16)];
  await pool.query(businessSchema);
  await pool.query(businessRights(loginOf('publisher')));
  return {
    url: url.toString(),
    urls,
    pool,
    writers,
    close: async () => {
      await Promise.all([pool.end(), writers.end()]);
    },
    drop: async () => {
      await asAdmin(serverUrl, (admin) => admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
    },
  };
}

function openPool(url: string, max: number): Pool {
  const pool = new Pool({ connectionString: url, max, application_name: 'nova-demo' });
  // A lost idle connection must not end the run: the query that needs one says what is wrong.
  pool.on('error', () => undefined);
  return pool;
}

/** Drops the databases of earlier runs, but none of `keep`; returns how many. Only for a server of our own. */
export async function dropOldDatabases(serverUrl: string, keep: ReadonlySet<string> = new Set()): Promise<number> {
  return asAdmin(serverUrl, async (admin) => {
    const { rows } = await admin.query<{ datname: string }>(
      'SELECT datname FROM pg_database WHERE starts_with(datname, $1)',
      [databasePrefix],
    );
    const old = rows.map(({ datname }) => datname).filter((name) => !keep.has(name));
    for (const name of old) await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    return old.length;
  });
}

async function asAdmin<T>(serverUrl: string, work: (admin: Client) => Promise<T>): Promise<T> {
  const admin = new Client({ connectionString: serverUrl, application_name: 'nova-demo' });
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.end();
  }
}
