/** Every limit of time that has to end before another one, milliseconds. Used where the limits are set. */
export const limits = {
  /** How long a client waits for a statement of PostgreSQL. */
  statementMs: 15_000,
  /** After this the server ends a statement of an activity. */
  serverStatementMs: 12_000,
  /** Time that Temporal gives a workflow task; its default, which we keep. */
  workflowTaskMs: 10_000,
  /** How long a workflow’s code may compute at a stretch; what is longer counts as a loop without end (workers/compute-limit.ts). */
  computeMs: 600_000,
  /** First try of an effect, inside the workflow's worker. */
  localTry: { startToCloseMs: 2_000, scheduleToCloseMs: 3_000 },
  /** A regular activity that does not heartbeat. */
  activity: { startToCloseMs: 30_000 },
  emit: {
    /** After this much sending a flush begins no request that might not end in time, and marks what it has. */
    sendingMs: 10_000,
    /** Longest statement of the emitter's transaction. */
    statementMs: 10_000,
    /** After this the server ends a transaction that does nothing, which is what it does while Kafka is written to. */
    transactionIdleMs: 15_000,
    /** `emitEvent` ends its wait by itself, so that people see a reason and not a timeout. */
    patienceMs: 18_000,
    startToCloseMs: 20_000,
  },
  /** Fan-out and retraction: pages of feeds. */
  pages: { beatMs: 1_000, stepMs: 120_000, heartbeatMs: 10_000, startToCloseMs: 600_000 },
  /** Inboxes written page by page. */
  inboxes: { heartbeatMs: 20_000, startToCloseMs: 3_600_000 },
  delivery: { sendMs: 30_000, beatMs: 1_000, heartbeatMs: 10_000, startToCloseMs: 3_600_000 },
  /** Taking back notices, and what is left of a user. */
  purge: { heartbeatMs: 30_000, noticesMs: 3_600_000, feedsMs: 12 * 3_600_000 },
  /** How far an outbox is: reported so often, and kept so long. Longer than the wait for an unknown owner. */
  progress: { everyMs: 10_000, keepMs: 300_000 },
  audit: { beatMs: 5_000, heartbeatMs: 30_000, startToCloseMs: 1_800_000, scheduleToCloseMs: 3_600_000 },
  /** All of Redis compared with the tables. */
  repair: { heartbeatMs: 30_000, startToCloseMs: 24 * 3_600_000 },
  /** Some seconds of a plan of replays; each call of Temporal has a life sign after it. */
  replay: { heartbeatMs: 60_000, startToCloseMs: 600_000 },
  /** Signals to runs of an aggregate. */
  signal: { startToCloseMs: 20_000 },
  stop: { cancelledMs: 10_000, closedMs: 15_000 },
} as const;

/** Longest one try of a provider of notifications: it must be over before its claim counts as lost. */
export const deliveryTryMs = (leaseMs: number): number => Math.min(limits.delivery.sendMs, leaseMs / 2);
/**
 * A claim and a mark: after the first the server ends the statement and lets go of its locks, the second is how long the bridge
 * waits. A statement must not go on in the server after its client has given up.
 */
export const claimLimits = (leaseMs: number) => ({ serverMs: leaseMs / 4, waitMs: leaseMs / 3 });
/** Longest call that starts a workflow, the SDK's own retries included. */
export const startCallMs = (leaseMs: number): number => leaseMs / 3;
/** After this part of its lease a claimed row is not started any more. */
export const lastStartMs = (leaseMs: number): number => leaseMs / 2;
