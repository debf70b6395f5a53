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

const openNow = `
  SELECT id FROM outbox_events WHERE (published_at IS NULL OR emitted_at IS NULL) AND dead_lettered_at IS NULL`;
const stillOpen = `${openNow} AND id = ANY ($1::uuid[])`;

/** Looks at the servers of all outboxes themselves and connects again when that is lost. */
export function createRecoverySampler(outboxes: readonly string[]): RecoverySampler {
  const closed = new AbortController();
  const pools = [...new Set(outboxes)].map((connectionString) => {
    const pool = new Pool({ connectionString, max: 3, connectionTimeoutMillis: 3_000, query_timeout: 10_000 });
    pool.on('error', () => undefined);
    return pool;
  });
  const ask = async (sql: string, values: readonly unknown[]): Promise<string[] | null> => {
    try {
      const each = await Promise.all(pools.map((pool) => pool.query<{ id: string }>(sql, [...values])));
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
        open = open === null ? await ask(openNow, []) : ((await ask(stillOpen, [open])) ?? open);
        if (open?.length === 0) return Math.round(performance.now() - begun);
        const restMs = Math.max(everyMs, restsPerLook * (performance.now() - askedAt));
        await pause(restMs, undefined, { signal: over }).catch(() => undefined);
      }
      return null;
    },
    async close() {
      closed.abort();
      await Promise.all(pools.map((pool) => pool.end()));
    },
  };
}
