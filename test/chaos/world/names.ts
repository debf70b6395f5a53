import { maintenanceQueue } from '../../../contracts/maintenance';
import { type ChaosWorld } from '../types';

/** Everything a run creates carries its id. */
export function chaosNames(run: string): ChaosWorld['names'] & { readonly run: string; readonly database: string } {
  const taskQueuePrefix = `chaos-${run}`;
  return {
    run,
    database: `nova_chaos_${run}`,
    topicPrefix: `nova-chaos-${run}`,
    redisPrefix: `chaos-${run}:`,
    taskQueuePrefix,
    // The scheduled audits are no event's.
    workflowQuery: `TaskQueue STARTS_WITH "${taskQueuePrefix}-" AND TaskQueue != "${maintenanceQueue(taskQueuePrefix)}"`,
  };
}
