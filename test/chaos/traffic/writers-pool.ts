import { Pool, type PoolClient } from 'pg';
import { within } from '../../../dev/stack/until';
import { type ServicePools, servicePools } from '../../../proof/services';
import { type ByService } from '../world/outboxes';

/** Most transactions of the writers at once. */
const poolSize = 24;

/**
 * Connections of the writers, through the pooler. Nothing here waits without limit: what does not reply in time is given
 * up, as a business service would.
 */
export function openWritersPool(url: string): Pool {
  const pool = new Pool({
    connectionString: url,
    max: poolSize,
    application_name: 'nova-chaos-writers',
    connectionTimeoutMillis: 5_000,
    query_timeout: 12_000,
    idleTimeoutMillis: 5_000,
    keepAlive: true,
  });
  pool.on('error', () => undefined); // the query that needs the lost connection says so
  return pool;
}

/** Such a pool for each database; `end` closes them, also behind lines that never reply. */
export function openWritersPools(urls: ByService<string>): { services: ServicePools; end(): Promise<void> } {
  const pools = new Map([...new Set(Object.values(urls))].map((url) => [url, openWritersPool(url)]));
  return {
    services: servicePools((service) => pools.get(urls[service]) as Pool),
    end: async () =>
      void (await Promise.allSettled([...pools.values()].map((pool) => within(5_000, 'the pool', pool.end())))),
  };
}

/**
 * The limits are set in the transaction, since a pooler in transaction mode keeps no session. A transaction whose client
 * is behind a dead line is thrown out by the server and releases its aggregates.
 */
export async function beginOn(client: PoolClient): Promise<void> {
  await client.query(
    `BEGIN; SET LOCAL statement_timeout = '10s'; SET LOCAL idle_in_transaction_session_timeout = '15s'`,
  );
}

/** SQLSTATE classes that say that the writer itself is wrong: bad data, a constraint, bad SQL. */
const mistakes = new Set(['22', '23', '42']);
/** What ends a transaction with an answer, so that nothing of it happened. */
const refusals = new Set(['40001', '40P01']);

/** SQLSTATE of an answer of the server or the pooler; undefined when there was no reply. */
export function sqlState(thrown: unknown): string | undefined {
  const { code } = thrown as { code?: unknown };
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

export function isMistake(thrown: unknown): boolean {
  const state = sqlState(thrown);
  // Without an SQLSTATE: a connection error or a time limit is a plain Error; anything else is a bug of the writer.
  if (state === undefined) return thrown instanceof TypeError || thrown instanceof RangeError;
  return mistakes.has(state.slice(0, 2));
}

/** True when COMMIT was surely refused; everything else that goes wrong with a COMMIT leaves it in doubt. */
export function isRefusedCommit(thrown: unknown): boolean {
  const state = sqlState(thrown);
  return state !== undefined && (refusals.has(state) || state.startsWith('23'));
}
