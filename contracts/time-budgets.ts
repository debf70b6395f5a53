/**
 * Time limits of the Kafka emit, milliseconds, from the innermost to the outermost: each must end before the next, or what
 * was done inside is lost to the one outside (docs/decisions/0012-emit-budgets.md).
 * KAFKA_SEND_TIMEOUT_MS is inside all of them.
 */
export const emitBudget = {
  /** After this much sending a flush begins no request that might not end in time, and marks what it has. */
  sendingMs: 10_000,
  /** Longest statement of the emitter's transaction. */
  statementMs: 10_000,
  /** After this the server ends a transaction that does nothing, which is what it does while Kafka is written to. */
  transactionIdleMs: 15_000,
  /** Start-to-close timeout of `emitEvent` as a regular activity. */
  startToCloseMs: 20_000,
} as const;
