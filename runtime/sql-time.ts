/** An instant as RFC 3339 in UTC with microseconds: what PostgreSQL keeps, and text that sorts by time. */
export const rfc3339 = (instant: string): string =>
  `to_char(${instant} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
