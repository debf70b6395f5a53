import { rmSync } from 'node:fs';
import { plainReporter } from '../../dev/stack/reporter';
import { down } from '../../dev/stack/stack';
import { folderOfRun } from './recorded-statements';

export default async function globalTeardown(): Promise<void> {
  rmSync(folderOfRun(), { recursive: true, force: true });
  const keep = process.env['NOVA_TEST_STACK_KEEP'] === '1' || process.env['NOVA_TEST_STACK_STARTED'] !== 'true';
  if (!keep) await down({ name: 'test', wipe: true, report: plainReporter(process.stderr) });
}
