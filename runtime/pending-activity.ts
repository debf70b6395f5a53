/** What a run waits for. Times in epoch milliseconds by Temporal's clock. */
export interface PendingActivity {
  /** Its id within the run. */
  readonly id: string;
  readonly name: string;
  /** Task queue that it waits on; null: the server does not say. */
  readonly queue: string | null;
  readonly attempt: number;
  /** Type of the last failure: a code of the catalogue, or the name of an unexpected error. */
  readonly failure: string | null;
  /** What the last failure says, for people. */
  readonly message: string | null;
  readonly lastHeartbeatMs: number | null;
  /** When the attempt that runs now began; null: none runs. */
  readonly startedMs: number | null;
  /** When the next attempt is, or was, due; null: one runs. */
  readonly nextAttemptMs: number | null;
  /** A person or a rule has paused it: no attempt comes until it is unpaused. */
  readonly pause: { readonly by: string; readonly reason: string | null; readonly sinceMs: number | null } | null;
}

interface Timestamp {
  readonly seconds?: unknown;
  readonly nanos?: number | null;
}

interface Failure {
  readonly message?: string | null;
  readonly applicationFailureInfo?: { readonly type?: string | null } | null;
  readonly timeoutFailureInfo?: unknown;
}

/** What Temporal says of a pending activity, as far as we read it. */
export interface RawPendingActivity {
  readonly activityId?: string | null;
  readonly activityType?: { readonly name?: string | null } | null;
  readonly attempt?: number | null;
  readonly lastFailure?: Failure | null;
  readonly lastHeartbeatTime?: Timestamp | null;
  readonly lastStartedTime?: Timestamp | null;
  readonly scheduledTime?: Timestamp | null;
  readonly nextAttemptScheduleTime?: Timestamp | null;
  readonly lastAttemptCompleteTime?: Timestamp | null;
  readonly state?: number | null;
  readonly paused?: boolean | null;
  readonly activityOptions?: { readonly taskQueue?: { readonly name?: string | null } | null } | null;
  readonly pauseInfo?: {
    readonly pauseTime?: Timestamp | null;
    readonly manual?: { readonly identity?: string | null; readonly reason?: string | null } | null;
    readonly rule?: { readonly ruleId?: string | null; readonly identity?: string | null } | null;
  } | null;
}

/** PENDING_ACTIVITY_STATE_STARTED */
const started = 2;

export function toPendingActivity(raw: RawPendingActivity): PendingActivity {
  return {
    id: raw.activityId ?? '',
    name: raw.activityType?.name ?? 'unknown',
    queue: raw.activityOptions?.taskQueue?.name || null,
    attempt: raw.attempt ?? 1,
    failure: failureType(raw.lastFailure),
    message: raw.lastFailure?.message ?? null,
    lastHeartbeatMs: millis(raw.lastHeartbeatTime),
    startedMs: raw.state === started ? millis(raw.lastStartedTime) : null,
    nextAttemptMs: raw.state === started ? null : millis(raw.nextAttemptScheduleTime ?? raw.scheduledTime),
    pause: pauseOf(raw),
  };
}

function pauseOf({ paused, pauseInfo }: RawPendingActivity): PendingActivity['pause'] {
  if (paused !== true && pauseInfo == null) return null;
  const rule = pauseInfo?.rule;
  const by = pauseInfo?.manual?.identity || (rule == null ? '' : `rule ${rule.ruleId ?? ''} of ${rule.identity ?? ''}`);
  return {
    by: by || 'an unknown person',
    reason: pauseInfo?.manual?.reason || null,
    sinceMs: millis(pauseInfo?.pauseTime),
  };
}

function failureType(failure: Failure | null | undefined): string | null {
  if (failure == null) return null;
  if (failure.timeoutFailureInfo != null) return 'timeout';
  return failure.applicationFailureInfo?.type || 'Error';
}

function millis(time: Timestamp | null | undefined): number | null {
  return time == null ? null : Number(time.seconds ?? 0) * 1_000 + Math.floor((time.nanos ?? 0) / 1_000_000);
}
