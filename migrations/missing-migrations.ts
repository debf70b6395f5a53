import { join } from 'node:path';
import { readFunctionFiles } from './function-files';
import { numberedNames } from './numbered-files';
import { type MigrationSet, migrationSets } from './sets';

interface Database {
  query<T extends object>(sql: string): Promise<{ rows: T[] }>;
}

/**
 * What `npm run migrate` would still apply to a database of these sets: names of numbered files, and of functions of which it has an older text.
 * Reads alone, with the rights of an operator.
 * @param folder of the sets
 * @throws what PostgreSQL throws; a database that was never migrated lacks the table `nova_migrations`
 */
export async function missingMigrations(
  database: Database,
  { folder, sets }: { readonly folder: string; readonly sets: readonly MigrationSet[] },
): Promise<string[]> {
  const all = ['both', ...sets];
  const folders = [
    ...all,
    ...sets.map((set) => `${set}/triggers`),
    ...(migrationSets.every((set) => sets.includes(set)) ? ['together'] : []),
  ];
  const numbered = await Promise.all(
    folders.map(async (inside) => (await numberedNames(join(folder, inside))).map((name) => `${inside}/${name}`)),
  );
  const functions = await Promise.all(all.map((set) => readFunctionFiles(join(folder, set, 'functions'))));
  const names = await database.query<{ name: string }>('SELECT name FROM nova.nova_migrations');
  const known = new Set(names.rows.map(({ name }) => name));
  const made = await database.query<{ name: string; revision: number }>(
    'SELECT name, revision FROM nova.nova_functions',
  );
  const revisions = new Map(made.rows.map(({ name, revision }) => [name, revision]));
  return [
    ...numbered.flat().filter((name) => !known.has(name)),
    ...functions
      .flat()
      .flatMap(({ name, revision }) => ((revisions.get(name) ?? 0) < revision ? [`function ${name}`] : [])),
  ];
}
