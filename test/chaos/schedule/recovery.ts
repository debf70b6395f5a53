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
 * $1 epoch milliseconds of the moment to which the outbox went back. What was on Kafka by then may be started, and without a mark, until the
 * audit finds it: the repair waits for that, not the recovery. One part for each partial index: together they would read the table.
 */
const openRows = `
  SELECT id FROM nova.outbox_events WHERE published_at IS NULL AND dead_lettered_at IS NULL
  UNION
  SELECT id FROM nova.outbox_events WHERE emitted_at IS NULL AND dead_lettered_at IS NULL
    AND NOT (published_at IS NOT NULL AND created_at < to_timestamp($1::float8 / 1000))`;

/** An outbox, and the moment to which it went back last, epoch milliseconds; 0: it never did. */
interface SampledOutbox {
  readonly url: string;
  readonly wentBackToMs: () => number;
}

/**
 * Looks at the servers of all outboxes themselves and connects again when that is lost. All that measure share each look, however many faults
 * are not over: with a look for each, fifty of them took half of a core from the system that was to recover.
 */
export function createRecoverySampler(outboxes: readonly SampledOutbox[]): RecoverySampler {
  const closed = new AbortController();
  const pools = outboxes.map(({ url: connectionString, wentBackToMs }) => {
    const pool = new Pool({ connectionString, max: 1, connectionTimeoutMillis: 3_000, query_timeout: 10_000 });
    pool.on('error', () => undefined);
    return { pool, wentBackToMs };
  });
  const measuring = new Set<(open: ReadonlySet<string>) => void>();
  let looking: Promise<void> | undefined;

  const ask = async (): Promise<ReadonlySet<string> | undefined> => {
    try {
      const each = await Promise.all(
        pools.map(({ pool, wentBackToMs }) => pool.query<{ id: string }>(openRows, [wentBackToMs()])),
      );
      return new Set(each.flatMap(({ rows }) => rows.map(({ id }) => id)));
    } catch {
      return undefined; // a server is away: that too is time until recovery
    }
  };
  const look = async (): Promise<void> => {
    while (measuring.size > 0 && !closed.signal.aborted) {
      const askedAt = performance.now();
      // One that joins during a look waits for the next: this one may have begun before its moment.
      const joined = [...measuring];
      const open = await ask();
      if (open !== undefined) for (const hear of joined) hear(open);
      const restMs = Math.max(everyMs, restsPerLook * (performance.now() - askedAt));
      await pause(restMs, undefined, { signal: closed.signal }).catch(() => undefined);
    }
    looking = undefined;
  };
  return {
    measure: (signal) =>
      new Promise((resolve) => {
        const begun = performance.now();
        const over = AbortSignal.any([signal, closed.signal]);
        let left: ReadonlySet<string> | undefined;
        const end = (ms: number | null): void => {
          measuring.delete(hear);
          resolve(ms);
        };
        const hear = (open: ReadonlySet<string>): void => {
          left = left === undefined ? open : new Set([...left].filter((id) => open.has(id)));
          if (left.size === 0) end(Math.round(performance.now() - begun));
        };
        if (over.aborted) return resolve(null);
        over.addEventListener('abort', () => end(null), { once: true });
        measuring.add(hear);
        looking ??= look();
      }),
    async close() {
      closed.abort();
      await looking;
      await Promise.all(pools.map(({ pool }) => pool.end()));
    },
  };
}
