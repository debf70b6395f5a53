import { randomUUID } from 'node:crypto';
import { type Pool, type QueryConfig } from 'pg';

const marker = '/* nova-housekeeping';

/** Found by its text: behind a pooler it is not known which server process runs a statement. A role may cancel its own. */
const cancel = `
  SELECT pg_cancel_backend(pid) FROM pg_stat_activity
  WHERE datname = current_database() AND pid <> pg_backend_pid() AND state = 'active' AND starts_with(query, $1)`;

const canceled = '57014';

/**
 * Runs one statement that may wait long without being in the way of others, for `patienceMs` or until `signal`; then has it
 * cancelled by the server. For what cannot run in a transaction, where `SET LOCAL` would bound it. Returns whether it ran
 * to its end.
 */
export async function runPatiently(
  pool: Pool,
  sql: string,
  options: { patienceMs: number; signal: AbortSignal },
): Promise<boolean> {
  const mark = `${marker} ${randomUUID()} */`;
  const query: QueryConfig & { query_timeout: number } = {
    text: `${mark} ${sql}`,
    query_timeout: options.patienceMs + 60_000,
  };
  const ran = pool.query(query).then(
    () => true,
    (thrown: unknown) => {
      if ((thrown as { code?: unknown }).code === canceled) return false;
      throw thrown;
    },
  );
  // Marked as handled: while the patience runs nothing awaits it.
  ran.catch(() => undefined);
  await patience(ran, options);
  for (;;) {
    const ended = await Promise.race([ran, pause(0).then(() => undefined)]);
    if (ended !== undefined) return ended;
    await pool.query(cancel, [mark]);
    await Promise.race([ran, pause(100)]);
  }
}

/**
 * Cancels what processes that died left running in the server, and returns when nothing of it is left.
 * @throws when it does not end within `withinMs`
 */
export async function cancelLeftovers(pool: Pool, withinMs = 10_000): Promise<void> {
  for (const deadline = Date.now() + withinMs; ; await pause(100)) {
    if ((await pool.query(cancel, [marker])).rowCount === 0) return;
    if (Date.now() > deadline) throw new Error('a statement of an earlier turn does not end');
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Resolves when the work has settled, the patience is over or the signal came. */
function patience(work: Promise<unknown>, options: { patienceMs: number; signal: AbortSignal }): Promise<void> {
  return new Promise((resolve) => {
    const over = (): void => {
      clearTimeout(timer);
      options.signal.removeEventListener('abort', over);
      resolve();
    };
    const timer = setTimeout(over, options.patienceMs);
    options.signal.addEventListener('abort', over);
    if (options.signal.aborted) over();
    void work.then(over, over);
  });
}
