import { type EventType } from '../../contracts/catalogue';

export interface Commit {
  readonly type: EventType;
  /** Epoch milliseconds, with fractions, right before COMMIT was sent: latencies counted from here are never too short. */
  readonly atMs: number;
}

/** What the business services know of their own events: which were committed and when, and which never were. */
export class Books {
  readonly committed = new Map<string, Commit>();
  readonly rolledBack = new Set<string>();
  transactions = 0;
  /** Events in transactions that are open or planned: no one else may use up the run's quota of events with them. */
  reserved = 0;
}

/** Epoch milliseconds with microseconds. */
export function nowMs(): number {
  return performance.timeOrigin + performance.now();
}
