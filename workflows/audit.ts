import { proxyActivities } from '@temporalio/workflow';
import type { AuditActivities } from '../activities/audit/create-audit-activities';
import { type AuditReport, type AuditRequest } from '../contracts/audit-kinds';
import { nonRetryableCodes } from '../contracts/failures';
import { limits } from '../contracts/time-budgets';

/**
 * The scheduled audit (contracts/maintenance.ts): compares rows, runs and Kafka, and returns what it found. An outage is
 * waited out for a while; then this audit fails visibly, and the next one covers its window too.
 */
export async function auditWorkflow(request: AuditRequest = {}): Promise<AuditReport> {
  const { auditOutbox } = proxyActivities<AuditActivities>({
    startToCloseTimeout: limits.audit.startToCloseMs,
    scheduleToCloseTimeout: limits.audit.scheduleToCloseMs,
    heartbeatTimeout: limits.audit.heartbeatMs,
    retry: { initialInterval: '5s', maximumInterval: '1 minute', nonRetryableErrorTypes: [...nonRetryableCodes] },
    summary: 'rows, runs and Kafka',
  });
  return auditOutbox(request);
}
