import { join } from 'node:path';
import { checkoutRoot } from '../../dev/stack/paths';
import { type FunctionFile, readFunctionFiles } from '../../migrations/function-files';

/** Folders of functions: those of outboxes, of State, and of both. */
export const functionSets = ['both', 'outbox', 'state'] as const;

export const functionFilesOf = (set: (typeof functionSets)[number]): Promise<FunctionFile[]> =>
  readFunctionFiles(join(checkoutRoot, 'migrations', set, 'functions'));

/** All of them, in the order of their names. */
export async function allFunctionFiles(): Promise<FunctionFile[]> {
  const files = (await Promise.all(functionSets.map(functionFilesOf))).flat();
  return files.sort((one, other) => (one.name < other.name ? -1 : 1));
}
