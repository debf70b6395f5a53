import { Pool, type PoolClient, type PoolConfig, types } from 'pg';
import { NovaError } from '../contracts/failures';
import { limits } from '../contracts/time-budgets';
import { oneLine, toError } from './errors';
import { type Logger } from './logger';
import { sayRepeated } from './repeated-failures';
import { defaultSchema, inSchema } from './schema';
import { tlsFault } from './tls';
import { ExplainingClient } from './tls-resets';

// bigint columns here are sequences, counts and epoch milliseconds, all far below 2^53.
types.setTypeParser(types.builtins.INT8, Number);

/** What queries need: a pool, or a client inside a transaction. */
export type Database = Pick<Pool, 'query'>;

/**
 * SQLSTATEs that mean "this server cannot serve us now", not "this statement is wrong": a read-only standby, a session that
 * the server ended, a server that starts or stops, a disk that fails. Whole classes are below.
 */
const outageStates = new Set([
  '25006',
  '25P03',
  '25P04',
  '57P01',
  '57P02',
  '57P03',
  '57P05',
  '58000',
  '58030',
  '58P01',
]);
/** Connection exceptions, PgBouncer's own among them; insufficient resources: connections, memory, disk. */
const outageClasses = ['08', '53'];
const networkCodes = new Set([
  'EADDRNOTAVAIL',
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
]);

/** True when PostgreSQL is away, starting, shutting down, or a read-only standby. */
export function isDatabaseOutage(thrown: unknown): boolean {
  if (tlsFault(thrown) !== undefined) return true;
  if (typeof thrown !== 'object' || thrown === null) return false;
  // By shape: what Node itself throws is, in a context of its own (a test of jest), no instance of the `Error` there.
  const { code, errors, message } = thrown as { code?: unknown; errors?: unknown; message?: unknown };
  if (Array.isArray(errors)) return errors.some(isDatabaseOutage);
  if (typeof code === 'string') {
    if (outageStates.has(code) || networkCodes.has(code) || outageClasses.includes(code.slice(0, 2))) return true;
  }
  return /Connection terminated|not queryable|connection timeout|timeout expired|timeout exceeded when trying to connect|Query read timeout/i.test(
    String(message),
  );
}

/** No such table, schema, function or column. */
const missing = new Set(['42P01', '3F000', '42883', '42703']);

/** True when the schema is not that of this version, as far as its statements say. */
export const isSchemaBehind = (thrown: unknown): boolean =>
  missing.has(String((thrown as { code?: unknown } | null)?.code));

/** Wraps an outage in DATABASE_UNAVAILABLE, and what an older schema lacks in SCHEMA_BEHIND; anything else is a bug and passes through. */
export function asDatabaseError(thrown: unknown): unknown {
  if (isSchemaBehind(thrown)) return new NovaError('SCHEMA_BEHIND', oneLine(thrown), { cause: thrown });
  if (!isDatabaseOutage(thrown)) return thrown;
  return new NovaError('DATABASE_UNAVAILABLE', tlsFault(thrown) ?? oneLine(thrown), { cause: thrown });
}

/**
 * A pool that survives the loss of its server. Works behind PgBouncer in transaction mode: no session state is used.
 *
 * It never talks to a read-only node for longer than a failover takes: a new connection that cannot write is refused, and
 * the first outage on one connection makes the pool give up all that were opened before, so that the address is resolved
 * again. `queryTimeoutMs` bounds every statement: how long a server that vanished without a word goes unnoticed.
 * `schema` is where our tables are: in every SQL text `nova.` is replaced by it.
 */
export function createPool(options: {
  url: string;
  max: number;
  applicationName: string;
  logger: Logger;
  queryTimeoutMs?: number;
  schema?: string;
}): Pool {
  const config = {
    connectionString: options.url,
    max: options.max,
    application_name: options.applicationName,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 30_000,
    query_timeout: options.queryTimeoutMs ?? limits.statementMs,
    keepAlive: true,
    verify: refuseReadOnly,
    Client: ExplainingClient,
  };
  const pool = new FailoverPool(config, options.schema ?? defaultSchema);
  // Without a listener the loss of an idle connection ends the process.
  const message = 'postgres: idle connection lost';
  pool.on('error', (error) =>
    sayRepeated(options.logger, { key: message, level: 'warn', fields: { error: oneLine(error) }, message }),
  );
  return pool;
}

type Acquired = (
  error: Error | undefined,
  client: PoolClient | undefined,
  done: (broken?: Error | boolean) => void,
) => void;

/** A pool whose connections all go when one of them meets an outage. */
class FailoverPool extends Pool {
  /** Counts outages. A connection of an earlier generation may lead to a server that is no longer the primary. */
  private generation = 0;
  private readonly openedIn = new WeakMap<PoolClient, number>();

  constructor(config: PoolConfig, schema: string) {
    super(config);
    this.on('connect', (client) => {
      if (schema !== defaultSchema) speakOfSchema(client, schema);
      this.openedIn.set(client, this.generation);
      // The server may say goodbye in the same packet as its last answer, while the connection passes from one user to the
      // next and neither listens. Without a listener it would end the process; the next query on it fails and says why.
      client.on('error', () => undefined);
    });
    // What the connection's user met: `query` and `inTransaction` both say it when they give it back.
    this.on('release', (error: unknown, client) => {
      if (this.openedIn.get(client) === this.generation && isDatabaseOutage(error)) this.generation++;
    });
  }

  override connect(): Promise<PoolClient>;
  override connect(callback: Acquired): void;
  override connect(callback?: Acquired): Promise<PoolClient> | undefined {
    if (callback === undefined) {
      return new Promise((resolve, reject) => {
        this.connect((error, client) => (client === undefined ? reject(toError(error)) : resolve(client)));
      });
    }
    super.connect((error, client, done) => {
      if (client === undefined || this.openedIn.get(client) === this.generation) return callback(error, client, done);
      client.release(true);
      this.connect(callback);
    });
    return undefined;
  }
}

/** From now on the texts that this connection is given mean another schema than `nova`. */
function speakOfSchema(client: PoolClient, schema: string): void {
  const query = client.query.bind(client) as (first: unknown, ...rest: unknown[]) => unknown;
  const rewriting = (first: unknown, ...rest: unknown[]): unknown => {
    if (typeof first === 'string') return query(inSchema(first, schema), ...rest);
    const { text, submit } = first as { text?: unknown; submit?: unknown };
    // A query that sends itself is no plain record: a copy would lose how.
    if (typeof submit === 'function' && typeof text === 'string')
      return query(Object.assign(first as object, { text: inSchema(text, schema) }), ...rest);
    return query(typeof text === 'string' ? { ...(first as object), text: inSchema(text, schema) } : first, ...rest);
  };
  client.query = rewriting as typeof client.query;
}

/** A standby takes connections and reads, and is behind: reading from one unknowingly is as wrong as writing to it. */
function refuseReadOnly(client: PoolClient, done: (error?: Error) => void): void {
  client.query<{ transaction_read_only: string }>('SHOW transaction_read_only').then(
    ({ rows }) => {
      const readOnly = rows[0]?.transaction_read_only !== 'off';
      done(readOnly ? Object.assign(new Error('the server is read-only: a standby?'), { code: '25006' }) : undefined);
    },
    (thrown: unknown) => done(toError(thrown)),
  );
}

/**
 * Runs `work` in one transaction and commits; rolls back when it throws. A connection that broke or that reached a
 * read-only server is destroyed, so that after a failover the pool resolves the address again.
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

/** PostgreSQL's clock, epoch milliseconds. */
export async function databaseNowMs(database: Database): Promise<number> {
  const { rows } = await database.query<{ now: number }>(
    'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now',
  );
  return rows[0]?.now ?? NaN;
}
