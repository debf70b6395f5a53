/**
 * Chores that Temporal runs on a schedule or when a worker sees the need, apart from the event workflows of workflow-types.ts: no outbox row starts
 * them, so they have a queue of their own, and neither the bridge nor the audit counts them among the runs of events.
 */
export const maintenanceWorkflows = {
  feedRepairWorkflow: { meaning: 'Compare everything in Redis with the tables after it lost data, and put it right.' },
  auditWorkflow: { meaning: 'Compare outbox rows with workflow runs and with what is on Kafka, both ways.' },
  replayWorkflow: { meaning: 'Work off a plan of replays: runs that ended badly are taken up again, at a pace.' },
} as const;

export type MaintenanceWorkflow = keyof typeof maintenanceWorkflows;

/** Last part of the chores' task queue. */
export const maintenance = 'maintenance';

/** `nova` → `nova-maintenance`. */
export function maintenanceQueue(prefix: string): string {
  return `${prefix}-${maintenance}`;
}

/** `nova` → `nova-feed-repair`: id of the one repair that may run. */
export function feedRepairId(prefix: string): string {
  return `${prefix}-feed-repair`;
}

/** `nova` → `nova-audit`: id of the schedule, and first part of the ids of its runs. */
export function auditScheduleId(prefix: string): string {
  return `${prefix}-audit`;
}

/** `nova` → `nova-replay-inc-17`: id of the run that works off the plan `inc-17`. */
export function replayRunId(prefix: string, plan: string): string {
  return `${prefix}-replay-${plan}`;
}
