import { proxyActivities } from '@temporalio/workflow';
import type { RepairActivities } from '../activities/feed/create-repair-activities';
import { nonRetryableCodes } from '../contracts/failures';
import { limits } from '../contracts/time-budgets';

/**
 * Redis lost data (docs/decisions/0013-redis-that-lost-time.md): everything in it is compared with the tables, at half speed,
 * while readers rebuild by themselves what they need. Started by whichever worker sees that it is due; one at a time.
 */
export async function feedRepairWorkflow(): Promise<{ readonly feeds: number }> {
  const { feedRepair } = proxyActivities<RepairActivities>({
    startToCloseTimeout: limits.repair.startToCloseMs,
    heartbeatTimeout: limits.repair.heartbeatMs,
    retry: { initialInterval: '1s', maximumInterval: '1 minute', nonRetryableErrorTypes: [...nonRetryableCodes] },
    summary: 'compare Redis with the tables',
  });
  return feedRepair();
}
