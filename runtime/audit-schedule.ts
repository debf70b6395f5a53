import { type ScheduleClient, ScheduleNotFoundError } from '@temporalio/client';
import { auditScheduleId } from '../contracts/maintenance';

export interface AuditSchedule {
  /** `none`: there is no schedule (switched off, or no worker keeps it); `unknown`: Temporal does not say. */
  readonly state: 'runs' | 'paused' | 'none' | 'unknown';
  /** What the person who paused it wrote. */
  readonly note: string | null;
  /** Seconds between two audits. */
  readonly everySeconds: number | null;
}

const nothing = { note: null, everySeconds: null };

/** Whether audits begin by themselves. A pause that a person set stays until a person ends it, so it must be seen. */
export async function auditSchedule(schedules: ScheduleClient, taskQueuePrefix: string): Promise<AuditSchedule> {
  const handle = schedules.getHandle(auditScheduleId(taskQueuePrefix));
  try {
    const { state, spec } = await schedules.withDeadline(Date.now() + 3_000, () => handle.describe());
    const everyMs = spec.intervals?.[0]?.every;
    return {
      state: state.paused ? 'paused' : 'runs',
      note: state.note ?? null,
      everySeconds: everyMs === undefined ? null : everyMs / 1_000,
    };
  } catch (thrown) {
    return { state: thrown instanceof ScheduleNotFoundError ? 'none' : 'unknown', ...nothing };
  }
}
