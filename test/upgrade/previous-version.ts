import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { checkoutRoot } from '../../dev/stack/paths';
import { appliedNames, applyNumberedFiles } from '../../migrations/numbered-files';

/** The commit that the version before was made of. Moved on at each release, when "contract" steps become possible. */
export const previousRevision = '2b4f98776aebaee6e2b54a01b748f170a757d356';

export interface PreviousVersion {
  readonly folder: string;
  remove(): void;
}

/** Whether the history of this checkout has it, which a shallow clone's has not. */
export function hasPreviousVersion(): boolean {
  try {
    execFileSync('git', ['cat-file', '-e', `${previousRevision}^{commit}`], { cwd: checkoutRoot, stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/**
 * The sources of the version before, from the history of this checkout, in a folder of their own; dependencies are shared.
 * @throws when the history is not there, which a shallow clone does not have: `git fetch --unshallow`
 */
export function previousVersion(): PreviousVersion {
  const folder = mkdtempSync(join(tmpdir(), 'nova-previous-'));
  try {
    const archive = execFileSync('git', ['archive', '--format=tar', previousRevision], {
      cwd: checkoutRoot,
      maxBuffer: 256 * 1024 * 1024,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    execFileSync('tar', ['-x', '-C', folder], { input: archive });
  } catch (thrown) {
    rmSync(folder, { recursive: true, force: true });
    throw new Error(`commit ${previousRevision} is not in this clone; get the whole history: git fetch --unshallow`, {
      cause: thrown,
    });
  }
  symlinkSync(join(checkoutRoot, 'node_modules'), join(folder, 'node_modules'));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** The rows of `outbox_event_types` as the version before writes them. */
const previousTypes = `
  const { catalogue, spellingsOf } = require('./contracts/catalogue');
  const { priorities } = require('./contracts/priority');
  console.log(JSON.stringify(catalogue.flatMap((one) => spellingsOf(one.type).map((spelling) => ({
    spelling, event_type: one.type, aggregate_type: one.aggregateType, priority: priorities[one.priority],
    schema_version: one.version })))));`;

/** Makes the database as the version before left it: its files, in schema public, its event types, partitions. */
export async function migratePrevious(databaseUrl: string, { folder }: PreviousVersion): Promise<void> {
  const types = execFileSync(process.execPath, ['--import', 'tsx', '-e', previousTypes], {
    cwd: folder,
    encoding: 'utf8',
  });
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query('BEGIN');
    const known = await appliedNames(client);
    await applyNumberedFiles(client, { folder: join(folder, 'migrations'), prefix: '', known });
    await client.query(
      `INSERT INTO outbox_event_types SELECT * FROM jsonb_to_recordset($1::jsonb)
         AS t (spelling text, event_type text, aggregate_type text, priority smallint, schema_version integer)`,
      [types],
    );
    await client.query('SELECT outbox_ensure_partitions(14)');
    await client.query('COMMIT');
  } finally {
    await client.end();
  }
}
