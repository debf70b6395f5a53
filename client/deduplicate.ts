import { type Redis } from 'ioredis';
import { type Pool } from 'pg';
import { type Claims, HandlingClaims } from './handling-claim';
import { type HandlerTransaction, PgHandlingClaims } from './pg-handling-claim';

/** Where a group of consumers remembers what it has handled. `Context`: what a handler gets of it. */
export interface Deduplication<Context extends object = object> {
  /** The memory of one group. */
  claimsOf(group: string, times: ClaimTimes): Claims<Context>;
}

export interface ClaimTimes {
  /** How long a claim outlives a consumer that died, milliseconds. */
  readonly leaseMs: number;
  /** No handling takes longer, milliseconds. */
  readonly longestMs: number;
}

const markSeconds = 7 * 24 * 3_600;

/**
 * Events are remembered in Redis for seven days. The effect of a handler and the mark are two writes: a crash between them
 * brings the event again, so a handler must be idempotent.
 * @param redis one primary, no cluster. Set `socketTimeout`, a little more than `commandTimeout`: without it a connection whose
 *   other end vanished without a word is kept for as long as the kernel keeps it, and no event is handled meanwhile
 */
export function inRedis(redis: Redis): Deduplication<object> {
  return {
    claimsOf: (group, { leaseMs }) => new HandlingClaims(redis, { name: group, leaseMs, markSeconds }),
  };
}

/**
 * Events are remembered in a table of the service's own database (`createHandledEvents`). A handler gets a transaction, `tx`:
 * what it writes there and the mark are committed together, so that the effect happens exactly once, whatever crashes.
 * What it does elsewhere may still happen twice.
 * @param pool its size must be more than the number of partitions handled at once (four per subscription): each holds one
 *   connection while its handler runs, and handlers may need others
 */
export function inPostgres(pool: Pool): Deduplication<{ readonly tx: HandlerTransaction }> {
  return { claimsOf: (group, { longestMs }) => new PgHandlingClaims(pool, { group, longestMs }) };
}

/** The table that `inPostgres` needs, as SQL for a service's own migrations. Its name has no schema: the search path's first. */
export const handledEventsSql = `
CREATE TABLE IF NOT EXISTS handled_events (
  consumer_group text NOT NULL,
  event_id       text NOT NULL,
  handled_at     timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (consumer_group, event_id)
);
CREATE INDEX IF NOT EXISTS idx_handled_events_age ON handled_events (handled_at);
`;

/** Makes the table of `handledEventsSql`, where it is missing. */
export async function createHandledEvents(pool: Pick<Pool, 'query'>): Promise<void> {
  await pool.query(handledEventsSql);
}

/**
 * Forgets events that were handled longer ago than this: call it once a day. Kafka must not have them any more (the retention
 * of the topics), or an event that is read again is handled again. Returns how many.
 */
export async function forgetHandledEvents(pool: Pick<Pool, 'query'>, olderThanDays: number): Promise<number> {
  if (!(olderThanDays > 0)) throw new RangeError(`olderThanDays is ${olderThanDays}; give a number above 0`);
  const text = `DELETE FROM handled_events WHERE handled_at < now() - $1::float8 * interval '1 day'`;
  return (await pool.query(text, [olderThanDays])).rowCount ?? 0;
}
