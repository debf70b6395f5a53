import { type Connection } from '@temporalio/client';
import { Client } from 'pg';
import { ConfigError, type ConfigOf, configFrom } from '../runtime/config';
import { deploymentOf } from '../runtime/deployment';
import { oneLine } from '../runtime/errors';
import { nearNameText, nearNames } from '../runtime/near-names';
import { inSchema } from '../runtime/schema';
import { connectClient } from '../runtime/temporal';
import { withSetting } from '../runtime/which-setting';
import { printMigrations, runMigrations } from './run-migrations';
import { homeOf } from './schema-home';
import { ensureSearchAttributes } from './search-attributes';
import { type SchemaQueries, claimsAgainst, recordDeployment } from './settle-deployment';
import { migrateSettings } from './settings';
import { type Flags, type Target, flagsOf, targetsOf, usage } from './targets';

type Config = ConfigOf<typeof migrateSettings>;

/**
 * `npm run migrate`: tables, roles and rights of State and of every outbox, then the search attributes of the Temporal namespace, and in each
 * database to which deployment it belongs. Refuses a database of another deployment before anything of it is changed, unless
 * `--adopt` is given. `--outbox NAME` (`--domains D1,D2`) and `--state` do one database; `--move-from-public` takes the tables of a version before into
 * the schema. `--print` shows the SQL of one and changes nothing.
 */
async function main(flags: Flags): Promise<void> {
  if (flags.help) return void console.log(usage);
  const config = configFrom(migrateSettings, process.env);
  for (const near of nearNames(migrateSettings, process.env)) console.error(`migrate: ${nearNameText(near)}`);
  const targets = targetsOf(config, flags);
  if (flags.print) return void process.stdout.write(await printed(targets, config));
  const connection: Connection = connectClient(config);
  try {
    for (const target of targets)
      await migrate(target, { config, flags, connection }).catch((thrown: unknown) => {
        if (thrown instanceof ConfigError) throw thrown;
        const explained = withSetting(thrown, { ...config, databaseUrl: target.url, databaseSchema: target.schema });
        throw new Error(targets.length === 1 ? explained : `${target.label}: ${explained}`, { cause: thrown });
      });
    if (flags.outbox === undefined) await register(connection, config);
  } finally {
    await connection.close();
  }
}

async function printed([target, ...others]: readonly Target[], config: Config): Promise<string> {
  if (target === undefined || others.length > 0)
    throw new ConfigError(['--print is for one database: give --outbox NAME or --state too']);
  const { label, url, ...options } = target;
  const sql = await printMigrations(url, { ...options, withRoles: config.roles === 'on' }).catch((thrown: unknown) => {
    throw new Error(withSetting(thrown, { ...config, databaseUrl: url, databaseSchema: target.schema }), {
      cause: thrown,
    });
  });
  return `-- ${label}, schema ${target.schema}. Run by a login that may create roles and schemas: psql -v ON_ERROR_STOP=1 -f FILE\n${sql}`;
}

interface Means {
  readonly config: Config;
  readonly flags: Flags;
  readonly connection: Connection;
}

async function migrate(target: Target, { config, flags, connection }: Means): Promise<void> {
  const { label, outbox } = target;
  const settings = { ...config, outbox };
  // Temporal may be away: the tables are migrated all the same, and what needs it fails below.
  const before = await deploymentOf(connection, settings).catch(() => undefined);
  const claims = before === undefined ? [] : await inDatabase(target, (database) => claimsAgainst(database, before));
  for (const claim of claims) console.log(`deployment: ${claim}${flags.adopt ? '; it is adopted' : ''}`);
  if (claims.length > 0 && !flags.adopt) {
    throw new ConfigError([
      'WRONG_DEPLOYMENT: this database belongs to another deployment, and nothing was changed. Correct the settings named ' +
        'above; only if the database itself has moved to this deployment, stop every process of the other and run `npm run migrate -- --adopt`',
    ]);
  }
  const applied = await runMigrations(target.url, {
    sets: target.sets,
    schema: target.schema,
    rolePrefix: target.rolePrefix,
    domains: target.domains,
    withRoles: config.roles === 'on',
    moveFromPublic: flags.moveFromPublic,
    onNote: (note) => console.log(`${label}: ${note}`),
  });
  console.log(applied.length === 0 ? `${label}: up to date` : `${label}: applied ${applied.join(', ')}`);
  const ours = await deploymentOf(connection, settings).catch((thrown: unknown) => {
    // A service's administrator may reach its database and nothing else of ours.
    if (flags.outbox === undefined) throw thrown;
    console.log(
      `deployment: not recorded, since Temporal does not reply (${oneLine(thrown)}). The outbox works; run this again where Temporal can be ` +
        'reached, and bridges check that they serve the right database',
    );
    return undefined;
  });
  if (ours === undefined) return;
  const isNew = await inDatabase(target, (database) => recordDeployment(database, ours));
  console.log(`deployment: ${isNew ? 'recorded' : 'up to date'}`);
}

async function register(connection: Connection, { temporalNamespace }: Config): Promise<void> {
  const added = await ensureSearchAttributes(connection, temporalNamespace);
  console.log(
    added.length === 0 ? 'search attributes: up to date' : `search attributes: registered ${added.join(', ')}`,
  );
}

async function inDatabase<T>(
  { url, schema: wanted }: Target,
  work: (database: SchemaQueries) => Promise<T>,
): Promise<T> {
  const client = new Client({ connectionString: url, application_name: 'nova-migrate' });
  await client.connect();
  try {
    const { schema } = await homeOf(client, wanted);
    return await work({ query: (sql, values) => client.query(inSchema(sql, schema), values) });
  } finally {
    await client.end();
  }
}

const fail = (thrown: unknown): void => {
  console.error(thrown instanceof ConfigError ? thrown.message : `migrate: ${oneLine(thrown, 2_000)}`);
  process.exitCode = 1;
};

try {
  main(flagsOf(process.argv.slice(2))).catch(fail);
} catch (thrown) {
  fail(thrown);
}
