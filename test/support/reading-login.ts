import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Pool, types } from 'pg';
import { type TestDatabase } from './database';

export interface ReadingLogin {
  readonly pool: Pool;
  drop(): Promise<void>;
}

/** bigint as `pg` reads it by itself: a service has no parser of ours. */
const plainTypes = {
  getTypeParser: (oid: number, format?: 'text' | 'binary'): unknown =>
    oid === Number(types.builtins.INT8) ? String : types.getTypeParser(oid, format),
};

/** A login with exactly the rights that docs/reading.md gives, on a plain pool. */
export async function createReadingLogin(database: TestDatabase): Promise<ReadingLogin> {
  const page = readFileSync(join(__dirname, '../../docs/reading.md'), 'utf8');
  const [, grants] = /```sql\n([\s\S]+?)```/.exec(page) ?? [];
  if (grants === undefined) throw new Error('docs/reading.md gives no rights');
  const login = `reading_${randomUUID().replaceAll('-', '').slice(0, 12)}`;
  await database.pool.query(`CREATE ROLE ${login} LOGIN PASSWORD 'reading'`);
  await database.pool.query(grants.replace(/\bapp\b/g, login));
  const url = new URL(database.url);
  url.username = login;
  url.password = 'reading';
  const pool = new Pool({ connectionString: url.href, max: 4, types: plainTypes });
  return {
    pool,
    drop: async () => {
      await pool.end();
      await database.pool.query(`DROP OWNED BY ${login}`);
      await database.pool.query(`DROP ROLE ${login}`);
    },
  };
}
