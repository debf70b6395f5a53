/* eslint-disable no-restricted-syntax -- the place for these statements */
import { type Client } from 'pg';

/**
 * Makes a database beside that of `admin`: an empty one, or a copy of `template`. For both PostgreSQL waits five seconds until
 * no other session is in what is copied, its own autovacuum included, and then gives up.
 */
export function createDatabase(
  admin: Client,
  name: string,
  template = 'template1',
  /** FILE_COPY is quicker where there is much to copy. PostgreSQL 14 has one way only, and no word for it. */
  strategy?: 'WAL_LOG' | 'FILE_COPY',
): Promise<void> {
  const how = strategy === undefined ? '' : ` STRATEGY ${strategy}`;
  return whileInUse(() => admin.query(`CREATE DATABASE ${name} TEMPLATE ${template}${how}`));
}

/** Ends all sessions of a database, for whose end PostgreSQL waits as long, and removes it; nothing when it is gone. */
export function dropDatabase(admin: Client, name: string): Promise<void> {
  return whileInUse(() => admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
}

/** "Is being accessed by other users": five seconds went by without an end of that. */
const inUse = '55006';
const mostTries = 24;

async function whileInUse(work: () => Promise<unknown>): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await work();
      return;
    } catch (thrown) {
      if ((thrown as { code?: unknown }).code !== inUse || tries === mostTries) throw thrown;
    }
  }
}
