import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type ClientBase } from 'pg';

/** Where the names of the applied files are kept. Its shape is that of node-pg-migrate, which wrote it before. */
const appliedTable = 'nova_migrations';

/**
 * Applies the numbered SQL files of `folder` that this database has not seen, in order of name, and records them. Runs inside
 * the caller's transaction, so that a file that fails takes back the files before it too. Returns the names applied.
 * @throws Error naming the file, with the error of PostgreSQL as its cause
 */
export async function applyNumberedFiles(client: ClientBase, folder: string): Promise<string[]> {
  await client.query(
    `CREATE TABLE IF NOT EXISTS ${appliedTable} (id serial PRIMARY KEY, name varchar(255) NOT NULL, run_on timestamp NOT NULL)`,
  );
  const { rows } = await client.query<{ name: string }>(`SELECT name FROM ${appliedTable}`);
  const known = new Set(rows.map(({ name }) => name));
  const applied: string[] = [];
  for (const file of (await readdir(folder)).filter((name) => /^\d{4}_\w+\.sql$/.test(name)).sort()) {
    const name = file.replace(/\.sql$/, '');
    if (known.has(name)) continue;
    const sql = await readFile(join(folder, file), 'utf8');
    try {
      await client.query(sql);
    } catch (thrown) {
      const { message, code } = thrown as { message?: string; code?: string };
      const error = new Error(`${file}: ${message ?? String(thrown)}; nothing was changed`, { cause: thrown });
      // Kept, so that a lock that was not got in time is tried again.
      throw code === undefined ? error : Object.assign(error, { code });
    }
    await client.query(`INSERT INTO ${appliedTable} (name, run_on) VALUES ($1, now())`, [name]);
    applied.push(name);
  }
  return applied;
}
