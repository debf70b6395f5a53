/** A message of ours on Kafka. */
export interface AuditRecord {
  readonly eventId: string;
  /** As the message carries it: the broker's clock, or the producer's in a topic that workers did not make. */
  readonly timestampMs: number;
}

export interface RecordsRead {
  /** Messages before this time may be gone already; from here on everything was read. */
  readonly completeFromMs: number;
  readonly records: number;
}

/** Kafka as the audit sees it. A port: the client of Kafka stays behind it. */
export interface AuditRecords {
  /**
   * Hands over every message with an event id that our topics hold from `sinceMs` to their ends as they are now, batch by
   * batch. Leaves nothing behind on the broker.
   * @throws NovaError KAFKA_UNAVAILABLE
   */
  read(sinceMs: number, onBatch: (records: readonly AuditRecord[]) => Promise<void>): Promise<RecordsRead>;
}
