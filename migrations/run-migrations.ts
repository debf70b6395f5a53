import { Client, type ClientBase } from 'pg';
import { type Domain } from '../contracts/events/define';
import { defaultSchema } from '../runtime/schema';
import { recordContracts } from './record-contracts';
import { applyRights, fixSearchPaths, moveTo, takeOwnership } from './rights/apply-rights';
import { type RoleNames, ensureRoles, isCatalogueRace, roleNames } from './rights/roles';
import { recordStatements } from './record-statements';
import { homeOf, makeSchema } from './schema-home';
import { type MigrationSet, applySets, migrationSets } from './sets';

/** Days of partitions made ahead; the bridge keeps making more. A missing partition fails business transactions. */
const partitionDaysAhead = 14;

/** Advisory lock: one migration of a database at a time. */
const turnKey = 7024;
/** Behind another migration. */
const turnWaitMs = 60_000;
/** For a table that others use. Writers wait behind a lock that waits, so it is short, and tried again. */
const lockWaitMs = 5_000;
const lockTries = 12;

export interface MigrationOptions {
  /** What to install or bring up to date; default: both, which is one database for everything. */
  readonly sets?: readonly MigrationSet[];
  /** Event domains that the service of the outbox may write; default: what the database says stays, at first all. */
  readonly domains?: readonly Domain[] | undefined;
  /** Schema of all that is ours; default `nova`. */
  readonly schema?: string;
  /** First part of the roles' names; default `nova`. */
  readonly rolePrefix?: string;
  /** False: no roles are made and no rights are given; the migrating login owns everything. Default true. */
  readonly withRoles?: boolean;
  /** True: tables that a version before made in `public` are taken into `schema`. Default: they stay. */
  readonly moveFromPublic?: boolean;
  /** Called with what an operator should know. */
  readonly onNote?: (note: string) => void;
  /** Folder of the sets; default: this one. */
  readonly folder?: string;
}

/**
 * Brings a database to the newest schema: numbered SQL files in order, the texts of functions, event types of the catalogue,
 * partitions, and the rights of the roles. All of it in one transaction: what fails leaves the database as it was. Safe to run from many
 * processes at once, and beside the processes of the version before. Returns the names of the files applied by this call.
 */
export async function runMigrations(databaseUrl: string, options: MigrationOptions = {}): Promise<string[]> {
  const { rolePrefix = 'nova', withRoles = true, folder = __dirname, onNote = () => undefined } = options;
  const sets = options.sets ?? migrationSets;
  const client = new Client({ connectionString: databaseUrl, application_name: 'nova-migrate' });
  await client.connect();
  try {
    // Session lock: not through a pooler.
    await client.query(`SET lock_timeout = '${turnWaitMs}ms'`);
    await client.query(`SELECT pg_advisory_lock(${turnKey})`);
    const wanted = options.schema ?? defaultSchema;
    const { schema: home, note } = await homeOf(client, wanted);
    const moves = options.moveFromPublic === true && home === 'public' && wanted !== 'public';
    if (note !== undefined) onNote(moves ? `the tables move from public to ${wanted}` : note);
    const schema = moves ? wanted : home;
    const names = withRoles ? roleNames(rolePrefix) : undefined;
    if (names !== undefined) await ensureRoles(client, names);
    return await withPatience(() =>
      inOneTransaction(client, () => migrate(client, { schema, names, folder, moves, sets, domains: options.domains })),
    );
  } finally {
    await client.end();
  }
}

/**
 * The SQL that `runMigrations` would run on this database, as one script for psql: everything is done in a transaction that is taken
 * back, so a copy or an empty database of the same kind serves as well. The script asks nothing and decides nothing.
 */
export async function printMigrations(databaseUrl: string, options: MigrationOptions = {}): Promise<string> {
  const { rolePrefix = 'nova', withRoles = true, folder = __dirname, sets = migrationSets, domains } = options;
  const client = new Client({ connectionString: databaseUrl, application_name: 'nova-migrate' });
  await client.connect();
  try {
    const { schema } = await homeOf(client, options.schema ?? defaultSchema);
    const names = withRoles ? roleNames(rolePrefix) : undefined;
    await client.query('BEGIN');
    const recorded = recordStatements(client);
    if (names !== undefined) await ensureRoles(client, names, { always: true });
    await migrate(client, { schema, names, folder, moves: false, sets, domains });
    return ['BEGIN', `SELECT pg_advisory_xact_lock(${turnKey})`, ...recorded, 'COMMIT', ''].join(';\n');
  } finally {
    // Its end takes the transaction back.
    await client.end();
  }
}

interface Plan {
  readonly schema: string;
  readonly names: RoleNames | undefined;
  readonly folder: string;
  readonly moves: boolean;
  readonly sets: readonly MigrationSet[];
  readonly domains: readonly Domain[] | undefined;
}

async function migrate(client: ClientBase, { schema, names, folder, moves, sets, domains }: Plan): Promise<string[]> {
  await client.query(`SET LOCAL lock_timeout = '${lockWaitMs}ms'`);
  await makeSchema(client, schema, names);
  // Functions whose files say `SET search_path FROM CURRENT` store this. Nothing outside the schema is found by it.
  const home = moves ? 'public' : schema;
  await client.query(`SET LOCAL search_path = "${home}", pg_temp`);
  if (names !== undefined) {
    // A role that is made the owner of a thing must be allowed to make things where it is.
    if (moves) await makeSchema(client, home, names);
    await takeOwnership(client, names);
    await client.query(`SET LOCAL ROLE "${names.owner}"`);
  }
  if (moves) {
    await moveTo(client, schema);
    await client.query(`SET LOCAL search_path = "${schema}", pg_temp`);
  }
  const applied = await applySets(client, { folder, sets });
  await fixSearchPaths(client, schema);
  await recordContracts(client, { sets, domains });
  if (sets.includes('outbox')) await client.query('SELECT outbox_ensure_partitions($1)', [partitionDaysAhead]);
  if (names !== undefined) await applyRights(client, names, schema);
  return applied;
}

async function inOneTransaction<T>(client: ClientBase, work: () => Promise<T>): Promise<T> {
  await client.query('BEGIN');
  try {
    const result = await work();
    await client.query('COMMIT');
    return result;
  } catch (thrown) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw thrown;
  }
}

/** A lock that was not got in time, a deadlock, and a catalogue row that another session changed: everything is done again. */
async function withPatience<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (thrown) {
      const code = String((thrown as { code?: unknown }).code);
      if (attempt === lockTries || !(code === '55P03' || code === '40P01' || isCatalogueRace(thrown))) throw thrown;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}
