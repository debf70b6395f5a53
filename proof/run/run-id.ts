/** Sorts by time; lower-case letters and digits only, as PostgreSQL, Kafka and Redis names need. */
export function newRunId(now = Date.now()): string {
  return now.toString(36);
}
