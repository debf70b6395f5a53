import { type Connection } from '@temporalio/client';
import { ConfigError, configFrom } from '../runtime/config';
import { oneLine } from '../runtime/errors';
import { connectClient } from '../runtime/temporal';
import { ensureSearchAttributes } from './search-attributes';
import { runMigrations } from './run-migrations';
import { migrateSettings } from './settings';

/** `npm run migrate`: tables, roles and rights, then the search attributes of the Temporal namespace. */
async function main(): Promise<void> {
  const config = configFrom(migrateSettings, process.env);
  const applied = await runMigrations(config.databaseUrl, {
    schema: config.databaseSchema,
    rolePrefix: config.rolePrefix,
    withRoles: config.roles === 'on',
    onNote: (note) => console.log(`database: ${note}`),
  });
  console.log(applied.length === 0 ? 'database: up to date' : `database: applied ${applied.join(', ')}`);
  let connection: Connection | undefined;
  try {
    connection = connectClient(config);
    const added = await ensureSearchAttributes(connection, config.temporalNamespace);
    console.log(
      added.length === 0 ? 'search attributes: up to date' : `search attributes: registered ${added.join(', ')}`,
    );
  } finally {
    await connection?.close();
  }
}

main().catch((thrown: unknown) => {
  console.error(thrown instanceof ConfigError ? thrown.message : `migrate: ${oneLine(thrown, 2_000)}`);
  process.exitCode = 1;
});
