import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type ClientBase } from 'pg';

/** Where the names of the applied files are kept. Its shape is that of node-pg-migrate, which wrote it before. */
const appliedTable = 'nova_migrations';

/** The names that this database has, in no order. Makes their table where there is none. */
export async function appliedNames(client: ClientBase): Promise<Set<string>> {
  await client.query(
    `CREATE TABLE IF NOT EXISTS ${appliedTable} (id serial PRIMARY KEY, name varchar(255) NOT NULL, run_on timestamp NOT NULL)`,
  );
  const { rows } = await client.query<{ name: string }>(`SELECT name FROM ${appliedTable}`);
  return new Set(rows.map(({ name }) => name));
}

/** Names of the numbered SQL files of a folder, in order, without their ending; none when there is no such folder. */
export async function numberedNames(folder: string): Promise<string[]> {
  const files = await readdir(folder).catch((thrown: NodeJS.ErrnoException) => {
    if (thrown.code === 'ENOENT') return [];
    throw thrown;
  });
  return files
    .filter((name) => /^\d{4}_\w+\.sql$/.test(name))
    .map((name) => name.replace(/\.sql$/, ''))
    .sort();
}

/** Writes down that the database has these, without doing them. */
export async function recordApplied(client: ClientBase, names: readonly string[]): Promise<void> {
  for (const name of names) await client.query(`INSERT INTO ${appliedTable} (name, run_on) VALUES ($1, now())`, [name]);
}

/**
 * Applies the numbered SQL files of a folder that this database has not seen, in order of name, and records them as
 * `<prefix><name>`. Runs inside the caller's transaction, so that a file that fails takes back the files before it too. Returns the
 * names recorded, which it adds to `known`.
 * @throws Error naming the file, with the error of PostgreSQL as its cause
 */
export async function applyNumberedFiles(
  client: ClientBase,
  { folder, prefix, known }: { readonly folder: string; readonly prefix: string; readonly known: Set<string> },
): Promise<string[]> {
  const applied: string[] = [];
  for (const file of await numberedNames(folder)) {
    const name = `${prefix}${file}`;
    if (known.has(name)) continue;
    const sql = await readFile(join(folder, `${file}.sql`), 'utf8');
    try {
      await client.query(sql);
    } catch (thrown) {
      const { message, code } = thrown as { message?: string; code?: string };
      const error = new Error(`${name}.sql: ${message ?? String(thrown)}; nothing was changed`, { cause: thrown });
      // Kept, so that a lock that was not got in time is tried again.
      throw code === undefined ? error : Object.assign(error, { code });
    }
    await recordApplied(client, [name]);
    known.add(name);
    applied.push(name);
  }
  return applied;
}
