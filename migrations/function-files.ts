import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type ClientBase } from 'pg';

/** The current text of one function. */
export interface FunctionFile {
  /** Of the function, and of the file without its ending. */
  readonly name: string;
  /** Rises with each change of the text. */
  readonly revision: number;
  /** SHA-256 of the file, in hexadecimal digits. */
  readonly checksum: string;
  readonly sql: string;
}

/**
 * The files of a folder in the order of their names; none when there is no such folder.
 * @throws Error naming a file whose first line has no revision, or that makes another function than its name says
 */
export async function readFunctionFiles(folder: string): Promise<FunctionFile[]> {
  const files = await readdir(folder).catch((thrown: NodeJS.ErrnoException) => {
    if (thrown.code === 'ENOENT') return [];
    throw thrown;
  });
  const names = files.filter((file) => file.endsWith('.sql')).sort();
  return Promise.all(names.map(async (file) => parse(file, await readFile(join(folder, file), 'utf8'))));
}

function parse(file: string, sql: string): FunctionFile {
  const name = file.replace(/\.sql$/, '');
  const revision = Number(/^-- Revision ([1-9]\d*)\.\n/.exec(sql)?.[1]);
  if (Number.isNaN(revision)) throw new Error(`functions/${file}: its first line must be "-- Revision 1." or higher`);
  const made = [...sql.matchAll(/^CREATE OR REPLACE FUNCTION (\w+)\(/gm)].map(([, found]) => found);
  if (made.length !== 1 || made[0] !== name)
    throw new Error(
      `functions/${file}: must be one CREATE OR REPLACE FUNCTION ${name}(…), and makes ${made.join(', ')}`,
    );
  return { name, revision, checksum: createHash('sha256').update(sql).digest('hex'), sql };
}

/** By name: a function with other arguments stands beside its predecessor until a numbered file drops that. */
const known = `
  SELECT f.name, f.revision, f.checksum FROM nova_functions f
  WHERE EXISTS (SELECT FROM pg_proc p WHERE p.pronamespace = current_schema()::regnamespace AND p.proname = f.name)`;

const record = `
  INSERT INTO nova_functions (name, revision, checksum) VALUES ($1, $2, $3)
  ON CONFLICT (name) DO UPDATE SET revision = excluded.revision, checksum = excluded.checksum, applied_at = clock_timestamp()`;

/**
 * Applies each function file that is newer than what this database has, inside the caller's transaction. A database that has a
 * newer revision was migrated by a newer version, whose processes may be running: it keeps that. Returns the names applied.
 * Owner and rights of a function that is replaced stay; what its text does not say of its settings is set by the steps after this.
 * @throws Error naming the file, when its text was changed and its revision was not, or with the error of PostgreSQL as its cause
 */
export async function applyFunctionFiles(client: ClientBase, folder: string): Promise<string[]> {
  const files = await readFunctionFiles(folder);
  if (files.length === 0) return [];
  const { rows } = await client.query<{ name: string; revision: number; checksum: string }>(known);
  const present = new Map(rows.map((row) => [row.name, row]));
  const applied: string[] = [];
  for (const { name, revision, checksum, sql } of files) {
    const there = present.get(name);
    if (there !== undefined && there.revision === revision && there.checksum !== checksum)
      throw new Error(
        `functions/${name}.sql is not the text that this database has as revision ${revision}: raise the number in its first ` +
          `line; nothing was changed`,
      );
    if (there !== undefined && there.revision >= revision) continue;
    try {
      await client.query(sql);
    } catch (thrown) {
      const { message, code } = thrown as { message?: string; code?: string };
      const error = new Error(`functions/${name}.sql: ${message ?? String(thrown)}; nothing was changed`, {
        cause: thrown,
      });
      throw code === undefined ? error : Object.assign(error, { code });
    }
    await client.query(record, [name, revision, checksum]);
    applied.push(name);
  }
  return applied;
}
