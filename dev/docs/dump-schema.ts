import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { runMigrations } from '../../migrations/run-migrations';
import { schemaText } from './schema';

/** `npm run schema:dump`: migrates an empty database beside DATABASE_URL, writes docs/schema.sql, and removes the database. */
async function main(): Promise<void> {
  const serverUrl = process.env['DATABASE_URL'];
  if (serverUrl === undefined)
    throw new Error('DATABASE_URL is not set: npm run stack -- up, then eval "$(npm run --silent stack -- env)"');
  const name = `nova_schema_${process.pid}`;
  const admin = new Client({ connectionString: serverUrl });
  await admin.connect();
  try {
    await admin.query(`CREATE DATABASE ${name}`);
    const url = new URL(serverUrl);
    url.pathname = `/${name}`;
    await runMigrations(url.href);
    writeFileSync(join(__dirname, '../../docs/schema.sql'), await schemaText(url.href));
  } finally {
    await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    await admin.end();
  }
}

main().catch((thrown: unknown) => {
  console.error(`schema:dump: ${(thrown as Error).message}`);
  process.exitCode = 1;
});
