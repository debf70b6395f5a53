import { type Connection } from '@temporalio/client';
import { Client } from 'pg';
import { ConfigError, type ConfigOf, configFrom } from '../runtime/config';
import { type Deployment, deploymentOf } from '../runtime/deployment';
import { oneLine } from '../runtime/errors';
import { nearNameText, nearNames } from '../runtime/near-names';
import { inSchema } from '../runtime/schema';
import { connectClient } from '../runtime/temporal';
import { withSetting } from '../runtime/which-setting';
import { runMigrations } from './run-migrations';
import { homeOf } from './schema-home';
import { ensureSearchAttributes } from './search-attributes';
import { type SchemaQueries, claimsAgainst, recordDeployment } from './settle-deployment';
import { migrateSettings } from './settings';

/**
 * `npm run migrate`: tables, roles and rights, then the search attributes of the Temporal namespace, then to which deployment
 * the database belongs. Refuses a database of another deployment before anything is changed, unless `--adopt` is given.
 * `--move-from-public` takes the tables of a version before into the schema.
 */
async function main(adopt: boolean, moveFromPublic: boolean): Promise<void> {
  const config = configFrom(migrateSettings, process.env);
  for (const near of nearNames(migrateSettings, process.env)) console.error(`migrate: ${nearNameText(near)}`);
  await migrate(config, adopt, moveFromPublic).catch((thrown: unknown) => {
    throw thrown instanceof ConfigError ? thrown : new Error(withSetting(thrown, config), { cause: thrown });
  });
}

async function migrate(
  config: ConfigOf<typeof migrateSettings>,
  adopt: boolean,
  moveFromPublic: boolean,
): Promise<void> {
  const connection: Connection = connectClient(config);
  const inDatabase = async <T>(work: (database: SchemaQueries) => Promise<T>): Promise<T> => {
    const client = new Client({ connectionString: config.databaseUrl, application_name: 'nova-migrate' });
    await client.connect();
    try {
      const { schema } = await homeOf(client, config.databaseSchema);
      return await work({ query: (sql, values) => client.query(inSchema(sql, schema), values) });
    } finally {
      await client.end();
    }
  };
  try {
    // Temporal may be away: the tables are migrated all the same, and what needs it fails below.
    const before = await deploymentOf(connection, config).catch(() => undefined);
    const claims = before === undefined ? [] : await inDatabase((database) => claimsAgainst(database, before));
    for (const claim of claims) console.log(`deployment: ${claim}${adopt ? '; it is adopted' : ''}`);
    if (claims.length > 0 && !adopt) {
      throw new ConfigError([
        'WRONG_DEPLOYMENT: this database belongs to another deployment, and nothing was changed. Correct the settings named ' +
          'above; only if the database itself has moved to this deployment, stop every process of the other and run `npm run migrate -- --adopt`',
      ]);
    }
    const applied = await runMigrations(config.databaseUrl, {
      schema: config.databaseSchema,
      rolePrefix: config.rolePrefix,
      withRoles: config.roles === 'on',
      moveFromPublic,
      onNote: (note) => console.log(`database: ${note}`),
    });
    console.log(applied.length === 0 ? 'database: up to date' : `database: applied ${applied.join(', ')}`);
    const added = await ensureSearchAttributes(connection, config.temporalNamespace);
    console.log(
      added.length === 0 ? 'search attributes: up to date' : `search attributes: registered ${added.join(', ')}`,
    );
    const ours: Deployment = await deploymentOf(connection, config);
    const isNew = await inDatabase((database) => recordDeployment(database, ours));
    console.log(`deployment: ${isNew ? 'recorded' : 'up to date'}`);
  } finally {
    await connection.close();
  }
}

main(process.argv.includes('--adopt'), process.argv.includes('--move-from-public')).catch((thrown: unknown) => {
  console.error(thrown instanceof ConfigError ? thrown.message : `migrate: ${oneLine(thrown, 2_000)}`);
  process.exitCode = 1;
});
