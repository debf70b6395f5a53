import { type FailureCode, failures } from '../../contracts/failures';
import { type PendingActivity } from '../../runtime/pending-activity';
import { type AuditLimits, openBudgetMs } from './limits';
import { type Suspicion } from './suspicions';
import { type SecondLook } from './second-look';

/**
 * A run past its budget is explained by what it waits for, if that is known to heal or goes on. Every activity must be
 * explained: one that waits for a mail server must not hide another that fails of a bug. What is paused is a finding of its
 * own kind.
 */
export async function verifyOpenRun(
  { deps: { runs, limits }, nowUs, gathered }: SecondLook,
  { eventId, known, outbox }: Suspicion,
): Promise<string | null> {
  const run = await runs.describe(eventId);
  const nowMs = nowUs / 1_000;
  // A run that was past its budget and is gone was deleted while it was open: what it waited for is not done.
  if (run === null) return known === null ? null : gone(known);
  if (run.status !== 'RUNNING') return null;
  const ageMs = nowMs - run.startedMs;
  if (ageMs <= openBudgetMs(limits, run.workflowType, run.priority)) return null;
  const going = run.activities.filter(({ pause }) => pause === null);
  if (run.taskAttempt <= 1) {
    const unexplained = going.filter((activity) => !explains(activity, nowMs, limits));
    if (run.activities.length > 0 && unexplained.length === 0) {
      if (going.length > 0) gathered.explained('open_waiting', outbox ?? null, 1, [eventId]);
      return null;
    }
  }
  return `${run.workflowType} open for ${Math.round(ageMs / 1_000)} s; ${waitsFor(run)}`;
}

/** Who paused what, since when, and how far it was. */
export async function verifyPausedRun(
  { deps: { runs } }: SecondLook,
  { eventId, known }: Suspicion,
): Promise<string | null> {
  const run = await runs.describe(eventId);
  if (run === null) return known === null ? null : gone(known);
  if (run.status !== 'RUNNING') return null;
  const paused = run.activities.flatMap(({ name, attempt, failure, pause }) => {
    if (pause === null) return [];
    const since = pause.sinceMs === null ? '' : ` since ${new Date(pause.sinceMs).toISOString()}`;
    const last = failure === null ? '' : `, last failure ${failure}`;
    return [`${name}, attempt ${attempt}, paused${since} by ${pause.by}${last}`];
  });
  return paused.length === 0 ? null : paused.join('; ');
}

const goneText = '; the run is gone since, not completed';

function gone(known: string): string {
  return known.endsWith(goneText) ? known : known + goneText;
}

/** One or two first attempts may fail for any reason: a worker that was killed, a deployment. */
const fewAttempts = 3;

/**
 * An outage explains only while attempts go on: one began lately, or the next one is due, or was a moment ago. An
 * activity without attempts (no worker polls its queue, its retry interval was changed to hours) has no explanation.
 */
function explains(activity: PendingActivity, nowMs: number, limits: AuditLimits): boolean {
  const { failure, attempt, lastHeartbeatMs, startedMs, nextAttemptMs } = activity;
  const isLate = (ms: number | null) => ms === null || nowMs - ms >= limits.heartbeatMs;
  const heals = failure === null || waitsOut(failure);
  if (!isLate(lastHeartbeatMs)) return heals || failure === 'timeout' || attempt <= fewAttempts;
  if (!heals) return false;
  if (startedMs !== null) return !isLate(startedMs);
  return !isLate(nextAttemptMs) && (nextAttemptMs ?? Infinity) - nowMs < limits.longestRetryMs;
}

/** Failures that end by themselves when a dependency or the deployment is repaired. */
function waitsOut(failure: string): boolean {
  if (!(failure in failures)) return false;
  const { cause, retryable } = failures[failure as FailureCode];
  return retryable && (cause !== 'row' || failure === 'TARGET_NOT_KNOWN_YET');
}

function waitsFor(run: { activities: readonly PendingActivity[]; taskAttempt: number }): string {
  if (run.taskAttempt > 1) return `its workflow task fails, attempt ${run.taskAttempt}`;
  if (run.taskAttempt === 1) return 'its workflow task waits for a worker';
  if (run.activities.length === 0) return 'waits for nothing that shows';
  return run.activities.map(described).join('; ');
}

function described({ name, attempt, failure, startedMs, nextAttemptMs, pause }: PendingActivity): string {
  const last = failure === null ? '' : `, ${failure}`;
  const next = startedMs === null && nextAttemptMs !== null ? `, due ${new Date(nextAttemptMs).toISOString()}` : '';
  return `${name}, attempt ${attempt}${last}${pause === null ? next : ', paused'}`;
}
