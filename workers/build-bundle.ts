import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { oneLine } from '../runtime/errors';
import { createLogger } from '../runtime/logger';
import { bundleFile, makeBundle } from './workflow-bundle';

/** The last step of `npm run build`: the workflow code in one file, so that a worker starts without a bundler. */
async function main(): Promise<void> {
  const { code } = await makeBundle(createLogger('build-bundle', 'warn'));
  writeFileSync(join(__dirname, '..', bundleFile), code);
}

main().catch((thrown: unknown) => {
  console.error(`the workflow bundle was not made: ${oneLine(thrown, 2_000)}`);
  process.exitCode = 1;
});
