/**
 * Limits of the buckets of everything that is counted from the commit of an event, seconds. Each latency budget of the priorities
 * (contracts/priority.ts) is one of them, so that the share within it can be read; beyond the last, 300, an alarm is long due.
 */
export const latencyBuckets = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];
