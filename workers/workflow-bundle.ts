import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type WorkflowBundleOption, bundleWorkflowCode } from '@temporalio/worker';
import { type Logger } from '../runtime/logger';
import { temporalLogger } from './install-runtime';

/** Where `npm run build` puts the bundle: beside the compiled folders. */
export const bundleFile = 'workflow-bundle.js';

/**
 * The workflow code for every worker of the process: the file asked for, else the one the build made, else (in
 * development) bundled now.
 */
export async function workflowBundle(file: string, logger: Logger): Promise<WorkflowBundleOption> {
  const built = join(__dirname, '..', bundleFile);
  const codePath = file !== '' ? file : existsSync(built) ? built : undefined;
  if (codePath !== undefined) {
    if (!existsSync(codePath)) throw new Error(`WORKFLOW_BUNDLE=${codePath}: there is no such file`);
    return { codePath };
  }
  logger.info('bundling the workflows, as in development; `npm run build` does it before the start');
  const startedMs = performance.now();
  const bundle = await makeBundle(logger);
  logger.info({ took_ms: Math.round(performance.now() - startedMs) }, 'the workflows are bundled');
  return bundle;
}

/** What every run has, beside its workflow. */
export const interceptorModules: string[] = [
  require.resolve('../workflows/story'),
  require.resolve('../workflows/run-ends'),
  require.resolve('../workflows/first-step'),
];

/** Bundles the workflows, those of this checkout if no others are named: about a second, a minute on a busy machine. */
export function makeBundle(
  logger: Logger,
  workflowsPath = require.resolve('../workflows/index'),
): ReturnType<typeof bundleWorkflowCode> {
  const ours = temporalLogger(logger);
  return bundleWorkflowCode({
    workflowsPath,
    workflowInterceptorModules: interceptorModules,
    // Webpack's report of each module is no news.
    logger: { ...ours, info: (message, meta) => void ours.debug(message, meta) },
  });
}
