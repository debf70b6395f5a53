/** Name of the query that every run of an event has a reply to. */
export const storyQueryName = 'story';

/** Something that a run waits for. Times are RFC 3339 by the run's clock. */
export interface RunWait {
  /** `emit to Kafka` */
  readonly what: string;
  /** `emitEvent`; null: it is a timer. */
  readonly activity: string | null;
  /** Null: that of the run. */
  readonly queue: string | null;
  readonly since: string;
  /** Of a timer: when it ends at the latest. */
  readonly until: string | null;
  /** Why its first try, inside the worker, failed, or why it failed for good; begins with its code. Null: not known. */
  readonly reason: string | null;
}

/** What the query returns. */
export interface RunsStory {
  readonly waits: readonly RunWait[];
  /** What failed for good. */
  readonly failed: readonly RunWait[];
}
