import { type WaitingRuns } from '../../outbox-bridge/waiting-runs';
import { type TaskQueueLook } from '../../runtime/task-queues';
import { type AuditSchedule } from '../../runtime/audit-schedule';
import { type OutboxesReport } from './outbox-report';
import { type ServerLook } from './servers';
import { type StateReport } from './state-report';
import { type UnemittedCause } from './unemitted';

/** What Temporal says; null: it could not be asked. */
export interface TemporalReport {
  readonly taskQueues: readonly TaskQueueLook[] | null;
  readonly waitingRuns: WaitingRuns | null;
  readonly auditSchedule: AuditSchedule;
  /** Runs with a paused activity, now; null: Temporal does not say. */
  readonly pausedRuns: number | null;
}

/**
 * What could be learnt. What the tables of State say is absent when `databaseFailed` says why PostgreSQL could not be asked, and so is
 * what the outboxes say when none of them could be.
 */
export type Status = TemporalReport & {
  /** PostgreSQL, Temporal, Kafka, Redis; outboxes with databases of their own. */
  readonly servers: readonly ServerLook[];
  /** Why events that are started are not on Kafka, of the oldest of each outbox; null: Temporal could not be asked. */
  readonly unemittedCauses: readonly UnemittedCause[] | null;
  /** Why PostgreSQL could not be asked; null: it was. */
  readonly databaseFailed: string | null;
  /** Why Temporal could not be asked; null: it was. */
  readonly temporalFailed: string | null;
  /** Why a person should look; empty: there is no reason. */
  readonly lookAt: readonly string[];
} & Partial<OutboxesReport> &
  Partial<StateReport>;
