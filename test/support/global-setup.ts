import { mkdirSync } from 'node:fs';
import { Client } from 'pg';
import { plainReporter } from '../../dev/stack/reporter';
import { up } from '../../dev/stack/stack';
import { makeLogins } from '../../dev/logins';
import { runMigrations } from '../../migrations/run-migrations';
import { createDatabase, dropDatabase } from './databases';
import { beginBigDatabases } from '../plans/in-the-background';
import globalTeardown from './global-teardown';
import { bundlesOfRun, bundlesVariable } from './kept-bundle';
import { folderOfRun, recordVariable } from './recorded-statements';
import { databaseUrl, serversVariable, templateDatabase, testStack } from './servers';

/**
 * Brings the test stack up (or takes the servers whose addresses are in the environment) and makes the template database.
 * The teardown takes down what was started here, unless NOVA_TEST_STACK_KEEP=1 keeps it for the next run.
 */
export default async function globalSetup(run: JestRun, project: JestProject): Promise<void> {
  if (isWhole(run)) {
    process.env[recordVariable] ??= folderOfRun();
    mkdirSync(process.env[recordVariable], { recursive: true });
  }
  process.env[bundlesVariable] = bundlesOfRun();
  const state = await up({ name: testStack, profile: 'test', report: plainReporter(process.stderr) });
  process.env[serversVariable] = JSON.stringify(state.addresses);
  process.env['NOVA_TEST_STACK_STARTED'] = String(state.startedHere);
  endWhenInterrupted();
  const admin = new Client({ connectionString: state.addresses.databaseUrl });
  await admin.connect();
  try {
    // One run at a time makes the template: two jests on one stack would pull it from under each other.
    await admin.query('SELECT pg_advisory_lock(7025)');
    await dropDatabase(admin, templateDatabase);
    await createDatabase(admin, templateDatabase);
    await runMigrations(databaseUrl(state.addresses.databaseUrl, templateDatabase));
    await makeLogins(state.addresses.databaseUrl);
  } finally {
    await admin.end();
  }
  if (isWhole(run) && project.globals['plansAreLookedAt'] === true) beginBigDatabases();
}

/** Jest calls no teardown when it is interrupted: the servers, which are processes of their own, would stay. */
function endWhenInterrupted(): void {
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)
    process.once(signal, () => void globalTeardown().finally(() => process.exit(code)));
}

/** What a run was asked for; jest's GlobalConfig. */
interface JestRun {
  readonly onlyChanged: boolean;
  readonly findRelatedTests: boolean;
  readonly shard?: unknown;
  readonly testNamePattern?: string;
  readonly testPathPatterns: { readonly patterns: readonly string[] };
}

/** What a configuration says; jest's ProjectConfig. */
interface JestProject {
  readonly globals: Readonly<Record<string, unknown>>;
}

/** Whether all tests run: then the statements they send are written down for test/plans. */
function isWhole(run: JestRun): boolean {
  const isPart =
    run.onlyChanged || run.findRelatedTests || run.shard !== undefined || run.testNamePattern !== undefined;
  return !isPart && run.testPathPatterns.patterns.length === 0;
}
