import { Client } from 'pg';
import { plainReporter } from '../../dev/stack/reporter';
import { up } from '../../dev/stack/stack';
import { makeLogins } from '../../dev/logins';
import { runMigrations } from '../../migrations/run-migrations';
import { databaseUrl, serversVariable, templateDatabase } from './servers';

/**
 * Brings the test stack up (or takes the servers whose addresses are in the environment) and makes the template database.
 * The teardown takes down what was started here, unless NOVA_TEST_STACK_KEEP=1 keeps it for the next run.
 */
export default async function globalSetup(): Promise<void> {
  const state = await up({ name: 'test', profile: 'test', report: plainReporter(process.stderr) });
  process.env[serversVariable] = JSON.stringify(state.addresses);
  process.env['NOVA_TEST_STACK_STARTED'] = String(state.startedHere);
  const admin = new Client({ connectionString: state.addresses.databaseUrl });
  await admin.connect();
  try {
    // One run at a time makes the template: two jests on one stack would pull it from under each other.
    await admin.query('SELECT pg_advisory_lock(7025)');
    await admin.query(`DROP DATABASE IF EXISTS ${templateDatabase} WITH (FORCE)`);
    await admin.query(`CREATE DATABASE ${templateDatabase}`);
    await runMigrations(databaseUrl(state.addresses.databaseUrl, templateDatabase));
    await makeLogins(state.addresses.databaseUrl);
  } finally {
    await admin.end();
  }
}
