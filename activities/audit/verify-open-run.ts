import { type FailureCode, failures } from '../../contracts/failures';
import { type PendingActivity } from '../ports/audit-runs';
import { openBudgetMs } from './limits';
import { type Suspicion } from './suspicions';
import { type SecondLook } from './verify';

/** A run past its budget is explained by what it waits for, if that is known to heal or goes on. */
export async function verifyOpenRun(
  { deps: { runs, limits }, nowUs, gathered }: SecondLook,
  { eventId }: Suspicion,
): Promise<string | null> {
  const run = await runs.describe(eventId);
  const nowMs = nowUs / 1_000;
  if (run === null || run.status !== 'RUNNING') return null;
  const ageMs = nowMs - run.startedMs;
  if (ageMs <= openBudgetMs(limits, run.workflowType, run.priority)) return null;
  const explains = ({ failure, lastHeartbeatMs }: PendingActivity) =>
    (failure !== null && waitsOut(failure)) ||
    (lastHeartbeatMs !== null && nowMs - lastHeartbeatMs < limits.heartbeatMs);
  if (run.taskAttempt <= 1 && run.activities.some(explains)) {
    gathered.explained('open_waiting', 1, [eventId]);
    return null;
  }
  return `${run.workflowType} open for ${Math.round(ageMs / 1_000)} s; ${waitsFor(run)}`;
}

/** Failures that end by themselves when a dependency or the deployment is mended. */
function waitsOut(failure: string): boolean {
  if (!(failure in failures)) return false;
  const { cause, retryable } = failures[failure as FailureCode];
  return retryable && (cause !== 'row' || failure === 'TARGET_NOT_KNOWN_YET');
}

function waitsFor(run: { activities: readonly PendingActivity[]; taskAttempt: number }): string {
  if (run.taskAttempt > 1) return `its workflow task fails, attempt ${run.taskAttempt}`;
  if (run.taskAttempt === 1) return 'its workflow task waits for a worker';
  if (run.activities.length === 0) return 'waits for nothing that shows';
  return run.activities
    .map(({ name, attempt, failure }) => `${name}, attempt ${attempt}${failure === null ? '' : `, ${failure}`}`)
    .join('; ');
}
