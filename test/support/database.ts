import { randomUUID } from 'node:crypto';
import { Client, type Pool } from 'pg';
import { type LoginUrls, urlsOf } from '../../dev/logins';
import { createPool } from '../../runtime/postgres';
import { createDatabase, dropDatabase } from './databases';
import { silentLogger } from './logger';
import { databaseUrl, servers, templateDatabase } from './servers';

export interface TestDatabase {
  readonly url: string;
  readonly pool: Pool;
  /** The same database as the login of each role sees it; `url` and `pool` are an administrator's. */
  readonly urls: LoginUrls;
  /** Closes the pool and drops the database; call it in afterAll. */
  drop(): Promise<void>;
}

/**
 * The product gives up a connection after 5 s and a statement after 15 s. What a test asks for itself is to be slow on a
 * starved machine, and not red: also four hundred inserts at once, of which most wait for a connection first.
 */
const patience = { connectionTimeoutMillis: 120_000, query_timeout: 120_000 };

/** A pool with the product's settings, for what the test itself asks; see `patience`. */
export function patientPool(options: { url: string; max: number; applicationName: string; schema?: string }): Pool {
  return patient(createPool({ ...options, logger: silentLogger }));
}

/** Takes the short limits of time off a pool. */
export function patient(pool: Pool): Pool {
  Object.assign(pool.options, patience);
  return pool;
}

/**
 * A freshly migrated database of its own for one test file: a copy of the template, made in some 50 ms. The template is of the
 * day on which the run began; the copy has the partitions of today.
 */
export async function createTestDatabase(): Promise<TestDatabase> {
  const name = newDatabaseName();
  await asAdmin(async (admin) => {
    // Copies of one template exclude each other: take turns instead of failing.
    await admin.query('SELECT pg_advisory_lock(7026)');
    await createDatabase(admin, name, templateDatabase);
  });
  const url = databaseUrl(servers().databaseUrl, name);
  const pool = patientPool({ url, max: 20, applicationName: 'nova-test' });
  await pool.query('SELECT nova.outbox_ensure_partitions(14)');
  return {
    url,
    pool,
    urls: urlsOf(url),
    drop: async () => {
      await pool.end();
      await asAdmin((admin) => dropDatabase(admin, name));
    },
  };
}

/** A name that no other test database has. */
export const newDatabaseName = (): string => `nova_test_${randomUUID().replaceAll('-', '').slice(0, 16)}`;

export async function asAdmin(work: (admin: Client) => Promise<unknown>): Promise<void> {
  const admin = new Client({ connectionString: servers().databaseUrl });
  await admin.connect();
  try {
    await work(admin);
  } finally {
    await admin.end();
  }
}
