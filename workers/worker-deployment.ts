import { type WorkerDeploymentOptions } from '@temporalio/worker';
import { ConfigError, setting } from '../runtime/config';

/** Temporal's own names of the first two: its worker controller sets them. */
export const workerDeploymentSettings = {
  deploymentName: setting.optionalText(
    'TEMPORAL_DEPLOYMENT_NAME',
    'Name of the worker deployment that the build id is a version of; empty: TASK_QUEUE_PREFIX.',
  ),
  workerBuildId: setting.optionalText(
    'TEMPORAL_WORKER_BUILD_ID',
    'Version of these workers, shown in the Temporal Web UI: a release or a commit. Empty: none.',
  ),
  workerVersioning: setting.boolean(
    'WORKER_VERSIONING',
    'Temporal gives tasks only to the workers of the current version, which a person or a controller sets; needs TEMPORAL_WORKER_BUILD_ID.',
    { fallback: 'false' },
  ),
} as const;

interface DeploymentConfig {
  readonly deploymentName: string;
  readonly workerBuildId: string;
  readonly workerVersioning: boolean;
  readonly taskQueuePrefix: string;
}

/**
 * Which version of the workers this is; undefined: Temporal does not know of versions.
 *
 * Runs go on at the newest current version (AUTO_UPGRADE), as they do without versions: a change is guarded by `patched()` and the
 * replay of old histories. Pinned to the version where they began they would keep its workers alive for as long as a mail
 * server is away, and an operator could not end a faulty version by rolling back.
 * @throws ConfigError when there is to be versioning, and no build id
 */
export function workerDeployment(config: DeploymentConfig): WorkerDeploymentOptions | undefined {
  const { deploymentName, workerBuildId: buildId, workerVersioning, taskQueuePrefix } = config;
  if (buildId === '') {
    if (!workerVersioning) return undefined;
    throw new ConfigError(['WORKER_VERSIONING=true needs TEMPORAL_WORKER_BUILD_ID, which is not set']);
  }
  const version = { deploymentName: deploymentName === '' ? taskQueuePrefix : deploymentName, buildId };
  return workerVersioning
    ? { version, useWorkerVersioning: true, defaultVersioningBehavior: 'AUTO_UPGRADE' }
    : { version, useWorkerVersioning: false };
}
