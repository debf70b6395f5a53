/** An instant of the database, microseconds since 1970, as RFC 3339 in UTC. */
export function instantText(us: number): string {
  return new Date(us / 1_000).toISOString();
}
