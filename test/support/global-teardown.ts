import { rmSync } from 'node:fs';
import { plainReporter } from '../../dev/stack/reporter';
import { down } from '../../dev/stack/stack';
import { endBigDatabases } from '../plans/in-the-background';
import { bundlesOfRun } from './kept-bundle';
import { folderOfRun } from './recorded-statements';
import { testStack } from './servers';

export default async function globalTeardown(): Promise<void> {
  for (const folder of [folderOfRun(), bundlesOfRun()]) rmSync(folder, { recursive: true, force: true });
  const keep = process.env['NOVA_TEST_STACK_KEEP'] === '1' || process.env['NOVA_TEST_STACK_STARTED'] !== 'true';
  await endBigDatabases({ drop: keep });
  if (!keep) await down({ name: testStack, wipe: true, report: plainReporter(process.stderr) });
}
