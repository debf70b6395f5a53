import { Pool } from 'pg';
import { setTimeout as pause } from 'node:timers/promises';

/** Measures how long it takes until everything committed before a moment is done. */
export interface RecoverySampler {
  /**
   * Resolves, with the milliseconds it took, when every row that is committed now has been started and emitted, or given
   * up; with null when `signal` says so before.
   */
  measure(signal: AbortSignal): Promise<number | null>;
  close(): Promise<void>;
}

/** How often it looks, milliseconds; less often when a look itself takes long, so that looking never takes the server's time. */
const everyMs = 250;
const restsPerLook = 4;

/**
 * $1 ids, or null for all; $2 epoch milliseconds of the moment to which the outbox went back. What was on Kafka by then may be started, and
 * without a mark, until the audit finds it: the repair waits for that, not the recovery.
 */
const openRows = `
  SELECT id FROM nova.outbox_events WHERE (published_at IS NULL OR emitted_at IS NULL) AND dead_lettered_at IS NULL
    AND ($1::uuid[] IS NULL OR id = ANY ($1)) AND NOT (published_at IS NOT NULL AND created_at < to_timestamp($2::float8 / 1000))`;

/** An outbox, and the moment to which it went back last, epoch milliseconds; 0: it never did. */
interface SampledOutbox {
  readonly url: string;
  readonly wentBackToMs: () => number;
}

/** Looks at the servers of all outboxes themselves and connects again when that is lost. */
export function createRecoverySampler(outboxes: readonly SampledOutbox[]): RecoverySampler {
  const closed = new AbortController();
  const pools = outboxes.map(({ url: connectionString, wentBackToMs }) => {
    const pool = new Pool({ connectionString, max: 3, connectionTimeoutMillis: 3_000, query_timeout: 10_000 });
    pool.on('error', () => undefined);
    return { pool, wentBackToMs };
  });
  const ask = async (ids: readonly string[] | null): Promise<string[] | null> => {
    try {
      const each = await Promise.all(
        pools.map(({ pool, wentBackToMs }) => pool.query<{ id: string }>(openRows, [ids, wentBackToMs()])),
      );
      return each.flatMap(({ rows }) => rows.map(({ id }) => id));
    } catch {
      return null; // a server is away: that too is time until recovery
    }
  };
  return {
    async measure(signal) {
      const begun = performance.now();
      const over = AbortSignal.any([signal, closed.signal]);
      let open: string[] | null = null;
      while (!over.aborted) {
        const askedAt = performance.now();
        open = open === null ? await ask(null) : ((await ask(open)) ?? open);
        if (open?.length === 0) return Math.round(performance.now() - begun);
        const restMs = Math.max(everyMs, restsPerLook * (performance.now() - askedAt));
        await pause(restMs, undefined, { signal: over }).catch(() => undefined);
      }
      return null;
    },
    async close() {
      closed.abort();
      await Promise.all(pools.map(({ pool }) => pool.end()));
    },
  };
}
