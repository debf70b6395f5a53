/** Signalled deletes, as the audit looks at them. */
export interface AuditSignals {
  /** Those of the last week whose hold is over and whose delete event has not come; up to three ids of what they were about. */
  withoutDelete(): Promise<{ readonly count: number; readonly examples: readonly string[] }>;
}
