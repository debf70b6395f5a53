import { Client, Pool } from 'pg';
import { runMigrations } from '../../../migrations/run-migrations';
import { databasePrefix } from '../run-names';
import { businessSchema } from './business-schema';

export interface DemoDatabase {
  readonly url: string;
  /** The demo's own pool, shared by its writers and its checks. */
  readonly pool: Pool;
  close(): Promise<void>;
  drop(): Promise<void>;
}

/** A fresh, migrated database beside the one at `serverUrl`. */
export async function createDemoDatabase(serverUrl: string, name: string): Promise<DemoDatabase> {
  await asAdmin(serverUrl, (admin) => admin.query(`CREATE DATABASE ${name}`));
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  await runMigrations(url.toString());
  const pool = new Pool({ connectionString: url.toString(), max: 16, application_name: 'nova-demo' });
  // A lost idle connection must not end the demo: the query that needs one says what is wrong.
  pool.on('error', () => undefined);
  await pool.query(businessSchema);
  return {
    url: url.toString(),
    pool,
    close: () => pool.end(),
    drop: async () => {
      await asAdmin(serverUrl, (admin) => admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
    },
  };
}

/** Drops the databases of earlier runs, but none of `keep`; answers how many. Only for a server of our own. */
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
