import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Pool, types } from 'pg';
import { checkoutRoot } from '../../dev/stack/paths';
import { type TestDatabase } from './database';

/** A login with exactly the rights that a document gives it, on a plain pool. */
export interface DocumentedLogin {
  readonly url: string;
  readonly pool: Pool;
  drop(): Promise<void>;
}

/** bigint as `pg` reads it by itself: a service has no parser of ours. */
const plainTypes = {
  getTypeParser: (oid: number, format?: 'text' | 'binary'): unknown =>
    oid === Number(types.builtins.INT8) ? String : types.getTypeParser(oid, format),
};

/** Of `GRANT … TO <login>;` in a page. The login's own name is of this test alone: it belongs to the whole cluster. */
async function createLogin(database: TestDatabase, page: string, login: string): Promise<DocumentedLogin> {
  const text = readFileSync(join(checkoutRoot, page), 'utf8');
  const grants = [...text.matchAll(/^GRANT [^;]+ TO (\w+);$/gm)].filter(([, grantee]) => grantee === login);
  if (grants.length === 0) throw new Error(`${page} grants nothing to ${login}`);
  const name = `${login}_${randomUUID().replaceAll('-', '').slice(0, 12)}`;
  await database.pool.query(`CREATE ROLE ${name} LOGIN PASSWORD 'documented'`);
  for (const [grant] of grants) await database.pool.query(grant.replace(/ TO \w+;$/, ` TO ${name}`));
  const url = new URL(database.url);
  [url.username, url.password] = [name, 'documented'];
  const pool = new Pool({ connectionString: url.href, max: 4, types: plainTypes });
  return {
    url: url.href,
    pool,
    drop: async () => {
      await pool.end();
      await database.pool.query(`DROP OWNED BY ${name}`);
      await database.pool.query(`DROP ROLE ${name}`);
    },
  };
}

/** Reads feeds, inboxes and preferences with the classes of the client. */
export const createReadingLogin = (database: TestDatabase): Promise<DocumentedLogin> =>
  createLogin(database, 'docs/reading.md', 'app');

/** A settings page and an inbox in SQL. */
export const createSettingsLogin = (database: TestDatabase): Promise<DocumentedLogin> =>
  createLogin(database, 'docs/sql.md', 'settings_service');
