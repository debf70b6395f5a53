import { Pool, type PoolClient, types } from 'pg';
import { NovaError } from '../contracts/failures';
import { oneLine } from './errors';
import { type Logger } from './logger';

// bigint columns here are sequences, counts and epoch milliseconds, all far below 2^53.
types.setTypeParser(types.builtins.INT8, Number);

/** What queries need: a pool, or a client inside a transaction. */
export type Database = Pick<Pool, 'query'>;

/** SQLSTATEs that mean "this server cannot serve us now", not "this statement is wrong". */
const outageStates = new Set(['25006', '53300', '57P01', '57P02', '57P03', '58000', '58P01']);
const networkCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
]);

/** True when PostgreSQL is away, starting, shutting down, or a read-only standby. */
export function isDatabaseOutage(thrown: unknown): boolean {
  if (thrown instanceof AggregateError) return thrown.errors.some(isDatabaseOutage);
  if (!(thrown instanceof Error)) return false;
  const code = (thrown as { code?: unknown }).code;
  if (typeof code === 'string' && (outageStates.has(code) || networkCodes.has(code) || code.startsWith('08')))
    return true;
  return /Connection terminated|not queryable|connection timeout|timeout exceeded when trying to connect|Query read timeout/i.test(
    thrown.message,
  );
}

/** Wraps an outage in DATABASE_UNAVAILABLE; anything else is a bug and passes through. */
export function asDatabaseError(thrown: unknown): unknown {
  return isDatabaseOutage(thrown) ? new NovaError('DATABASE_UNAVAILABLE', oneLine(thrown), { cause: thrown }) : thrown;
}

/** A pool that survives the loss of its server. Works behind PgBouncer in transaction mode: no session state is used. */
export function createPool(options: { url: string; max: number; applicationName: string; logger: Logger }): Pool {
  const pool = new Pool({
    connectionString: options.url,
    max: options.max,
    application_name: options.applicationName,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 30_000,
    query_timeout: 30_000,
    keepAlive: true,
  });
  // Without a listener the loss of an idle connection ends the process.
  pool.on('error', (error) => options.logger.warn({ error: oneLine(error) }, 'postgres: idle connection lost'));
  return pool;
}

/**
 * Runs `work` in one transaction and commits; rolls back when it throws. A connection that broke or that reached a
 * read-only server is destroyed, so that after a failover the pool resolves the address anew.
 */
export async function inTransaction<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  // Lost while idle in the transaction: without a listener that ends the process.
  const onLost = (error: Error): void => void (broken = error);
  client.on('error', onLost);
  try {
    await client.query('BEGIN');
    const result = await work(client);
    await client.query('COMMIT');
    return result;
  } catch (thrown) {
    if (isDatabaseOutage(thrown)) broken = thrown as Error;
    else await client.query('ROLLBACK').catch((error: unknown) => (broken = error as Error));
    throw thrown;
  } finally {
    client.off('error', onLost);
    client.release(broken);
  }
}
