import { type Client } from 'pg';
import { asAdmin, createTestDatabase, newDatabaseName } from '../support/database';
import { createDatabase, dropDatabase } from '../support/databases';
import { databaseUrl } from '../support/servers';
import { connected, fillBigTables } from './big-tables';

export const kinds = ['with statistics', 'without statistics'] as const;
export type Kind = (typeof kinds)[number];

/**
 * URLs of two databases with the same big tables: of the first PostgreSQL knows what is in it, of the second it will know nothing
 * (`forgetStatistics`).
 */
export type BigDatabases = Readonly<Record<Kind, string>>;

/** Fills one database and copies it: a minute or two, most of it in PostgreSQL. */
export async function makeBigDatabases(): Promise<BigDatabases> {
  const filled = await createTestDatabase();
  const copy = databaseUrl(filled.url, newDatabaseName());
  await fillBigTables(filled.url, filled.pool);
  // A database with a session in it is not copied.
  await filled.pool.end();
  await asAdmin((admin) => createDatabase(admin, nameOf(copy), nameOf(filled.url), 'FILE_COPY'));
  const client = await connected(filled.url);
  try {
    await client.query('ANALYZE');
  } finally {
    await client.end();
  }
  return { 'with statistics': filled.url, 'without statistics': copy };
}

export const dropBigDatabases = (databases: BigDatabases): Promise<void> =>
  asAdmin(async (admin) => {
    for (const kind of kinds) await dropDatabase(admin, nameOf(databases[kind]));
  });

const nameOf = (url: string): string => new URL(url).pathname.slice(1);

/** Right before the statements run: autovacuum may have looked at the tables since they were filled. */
export async function forgetStatistics(client: Client): Promise<void> {
  await client.query('DELETE FROM pg_statistic');
}
