/**
 * Causes:
 * - `row`          the event itself is at fault: counts attempts, dead-letters at the ceiling, or at once where no retry can help.
 * - `environment`  the deployment is at fault: every event of the type would fail, so the type pauses and alarms. Also what
 *                  a process does not know yet, since a newer one beside it may.
 * - `outage`       a dependency is down: back off, count nothing.
 * - `busy`         a dependency is overloaded: shrink the window, count nothing.
 */
export type Cause = 'row' | 'environment' | 'outage' | 'busy';

export interface FailureEntry {
  readonly cause: Cause;
  /** Can the same call succeed later without a person changing anything? */
  readonly retryable: boolean;
  readonly meaning: string;
  readonly action: string;
}
