import { type PriorityName, priorityNames } from '../../contracts/priority';
import { type WorkflowType, workflowTypes } from '../../contracts/workflow-types';

const second = 1_000;
const minute = 60 * second;

/** Runs this much younger than the retention of the namespace are surely remembered. */
export const retentionMarginHours = 1;

/** From when on the audit asks questions. Milliseconds unless said otherwise. */
export interface AuditLimits {
  /** The last moments are left to the next audit: visibility is late, clocks differ. */
  readonly settleMs: number;
  /** Between the first look and the second. */
  readonly graceMs: number;
  /** Two clocks may differ by this much, so times that belong together may be this far apart. */
  readonly marginMs: number;
  /** A pending row must have a reason from this age on, by priority. */
  readonly pendingMs: Readonly<Record<PriorityName, number>>;
  /** A run must have ended, or say what it waits for, by then. */
  readonly openMs: Readonly<Record<WorkflowType, number>>;
  /** `openMs` times this, by priority. */
  readonly openFactor: Readonly<Record<PriorityName, number>>;
  /** From the start of a run to its mark: a lease and some retries. */
  readonly markMs: number;
  /** From the mark to the emit. */
  readonly emitMs: number;
  /** A heartbeat younger than this says that work goes on. */
  readonly heartbeatMs: number;
  /** No retry of ours waits longer for its next attempt. */
  readonly longestRetryMs: number;
  /** Claims without an outcome beyond which a lease is no reason any more. */
  readonly maxClaims: number;
  /** The first audit there is, and `--since` left out, looks back this far. */
  readonly firstWindowMs: number;
  /** Suspicions of one kind that one audit looks into. */
  readonly maxSuspicions: number;
}

/** From when on a pending row must have a reason, milliseconds; and a started one must be on Kafka. */
export const pendingMs: Readonly<Record<PriorityName, number>> = {
  critical: 30 * second,
  high: minute,
  normal: 2 * minute,
  low: 10 * minute,
};
export const emitMs = 2 * minute;

/** `claimWindowMs`: how long an upload may wait for its post (MEDIA_CLAIM_WINDOW_MS). */
export function auditLimits(config: {
  readonly settleMs: number;
  readonly graceMs: number;
  readonly claimWindowMs: number;
}): AuditLimits {
  return {
    settleMs: config.settleMs,
    graceMs: config.graceMs,
    marginMs: 2 * minute,
    pendingMs,
    openMs: openMs(config.claimWindowMs),
    openFactor: { critical: 0.2, high: 0.5, normal: 1, low: 2 },
    markMs: minute,
    emitMs,
    heartbeatMs: 2 * minute,
    longestRetryMs: 15 * minute,
    maxClaims: 20,
    firstWindowMs: 60 * minute,
    maxSuspicions: 5_000,
  };
}

function openMs(claimWindowMs: number): Readonly<Record<WorkflowType, number>> {
  return Object.fromEntries(
    Object.entries(workflowTypes).map(([type, { openMinutes, waitsForPost }]) => [
      type,
      openMinutes * minute + (waitsForPost ? claimWindowMs : 0),
    ]),
  ) as Record<WorkflowType, number>;
}

/**
 * How long a run of this type may be open without saying why. The wait for a post is the same for every priority; a type
 * that is not ours gets the longest.
 */
export function openBudgetMs(limits: AuditLimits, workflowType: string, priority: string | undefined): number {
  const type = Object.hasOwn(workflowTypes, workflowType) ? (workflowType as WorkflowType) : undefined;
  if (type === undefined) return Math.max(...Object.values(limits.openMs)) * factorOf(limits, priority);
  return limits.openMs[type] * (workflowTypes[type].waitsForPost ? 1 : factorOf(limits, priority));
}

function factorOf(limits: AuditLimits, priority: string | undefined): number {
  return limits.openFactor[priority as PriorityName] ?? 1;
}

/** The shortest budget of each type: what visibility is asked for. */
export function shortestOpenMs(limits: AuditLimits): Map<string, number> {
  const types = Object.keys(limits.openMs);
  const shortest = (type: string) => Math.min(...priorityNames.map((name) => openBudgetMs(limits, type, name)));
  return new Map(types.map((type) => [type, shortest(type)]));
}
