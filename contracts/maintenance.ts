/**
 * Chores that Temporal runs on a schedule, apart from the event workflows of workflow-types.ts: no outbox row starts
 * them, so they have a queue of their own, and neither the bridge nor the audit counts them among the runs of events.
 */
export const maintenanceWorkflows = {
  auditWorkflow: { meaning: 'Compare outbox rows with workflow runs and with what is on Kafka, both ways.' },
} as const;

export type MaintenanceWorkflow = keyof typeof maintenanceWorkflows;

/** Last part of the chores' task queue. */
export const maintenance = 'maintenance';

/** `nova` → `nova-maintenance`. */
export function maintenanceQueue(prefix: string): string {
  return `${prefix}-${maintenance}`;
}

/** `nova` → `nova-audit`: id of the schedule, and first part of the ids of its runs. */
export function auditScheduleId(prefix: string): string {
  return `${prefix}-audit`;
}
