import { join } from 'node:path';
import { type ClientBase } from 'pg';
import { applyFunctionFiles } from './function-files';
import { appliedNames, applyNumberedFiles, numberedNames, recordApplied } from './numbered-files';

/** What can be installed alone: the outbox of a service, and State, which is everything else. */
export const migrationSets = ['outbox', 'state'] as const;
export type MigrationSet = (typeof migrationSets)[number];

/** What each set needs before it. */
const common = 'both';
/** Each begins with one file that makes what the files of `united` add up to. */
const bases = { both: 'both/0100_both', outbox: 'outbox/0100_outbox', state: 'state/0100_state' } as const;
const firstTriggers = { outbox: 'outbox/triggers/0100_outbox', state: 'state/triggers/0100_state' } as const;

/**
 * Brings the current schema to the newest state of these sets: numbered files, then the texts of functions, then the numbered
 * files that make triggers of them. `united` is the history of databases that were made when there was one set: they go
 * through it to its end, and go on from there as if they had been made by the sets. Returns what was applied.
 */
export async function applySets(
  client: ClientBase,
  { folder, sets }: { readonly folder: string; readonly sets: readonly MigrationSet[] },
): Promise<string[]> {
  const known = await appliedNames(client);
  const numbered = (inside: string, prefix = `${inside}/`) =>
    applyNumberedFiles(client, { folder: join(folder, inside), prefix, known });
  const history = await numberedNames(join(folder, 'united'));
  const remember = async (names: readonly string[]): Promise<void> => {
    const missing = names.filter((name) => !known.has(name));
    await recordApplied(client, missing);
    for (const name of missing) known.add(name);
  };
  const applied: string[] = [];
  if (history.some((name) => known.has(name))) {
    applied.push(...(await numbered('united', '')));
    await remember([...Object.values(bases), ...Object.values(firstTriggers)]);
  }
  for (const set of [common, ...sets]) applied.push(...(await numbered(set)));
  for (const set of [common, ...sets]) {
    const functions = await applyFunctionFiles(client, join(folder, set, 'functions'));
    applied.push(...functions.map((name) => `functions/${name}`));
  }
  for (const set of sets) applied.push(...(await numbered(`${set}/triggers`)));
  if (migrationSets.every((set) => known.has(bases[set]))) {
    applied.push(...(await numbered('together')));
    // The version before finds nothing to do here, after a rollback.
    await remember(history);
  }
  return applied;
}
