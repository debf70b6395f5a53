import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '../support/wait-for';
import { type BigDatabases, dropBigDatabases, makeBigDatabases } from './big-databases';

/** Name of the variable with the file that says how far a run's big databases are; unset: none are being made. */
const variable = 'NOVA_BIG_DATABASES';

type Outcome = { readonly databases: BigDatabases } | { readonly error: string };

/**
 * Begins to fill the databases of test/plans while the other tests of a whole run go on: at the end of the run, where they are
 * needed, one of two cores would have nothing else to do. For jest's global set-up.
 */
export function beginBigDatabases(): void {
  const file = join(tmpdir(), `nova-big-databases-${process.pid}.json`);
  process.env[variable] = file;
  const write = (outcome: Outcome) => {
    writeFileSync(`${file}.new`, JSON.stringify(outcome));
    renameSync(`${file}.new`, file);
  };
  void makeBigDatabases().then(
    (databases) => write({ databases }),
    (thrown: unknown) => write({ error: String(thrown) }),
  );
}

/** For jest's global teardown. `drop`: the server stays, so the databases must go; what was not finished is left. */
export async function endBigDatabases({ drop }: { drop: boolean }): Promise<void> {
  const file = process.env[variable];
  const outcome = file === undefined ? undefined : read(file);
  if (file === undefined || outcome === undefined) return;
  rmSync(file, { force: true });
  if (drop && 'databases' in outcome) await dropBigDatabases(outcome.databases);
}

/**
 * The databases of this run, when they are ready; undefined when none are being made.
 * @throws what went wrong while they were made
 */
export async function bigDatabasesOfRun(): Promise<BigDatabases | undefined> {
  const file = process.env[variable];
  if (file === undefined) return undefined;
  const outcome = await waitFor(() => read(file), { timeoutMs: 1_800_000, everyMs: 100, what: 'filling the tables' });
  if ('error' in outcome) throw new Error(`big tables: ${outcome.error}`);
  return outcome.databases;
}

function read(file: string): Outcome | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Outcome;
  } catch {
    return undefined;
  }
}
