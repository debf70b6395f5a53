import { type Connection, Query, type QueryConfig, type QueryResult, type QueryResultRow } from 'pg';
import { type Database } from './postgres';

/** SQLSTATE of a statement that the server ended, most often for its statement_timeout. */
const statementEnded = '57014';

/** What a statement may take. */
export interface StatementLimits {
  /** The server ends the statement after this, milliseconds, and takes back what it did and locked. */
  readonly serverMs: number;
  /** How long the client waits for the result, milliseconds. More than `serverMs`. */
  readonly waitMs: number;
}

/**
 * JIT compiles an expression per partition when a statement looks expensive, which it does beside a backlog: the audit's question for
 * stuck rows ran 0.3 s and was compiled for 8.9 s. No statement of ours is worth it.
 */
const setLimit = `SELECT FROM set_config('statement_timeout', $1, true) AS l, set_config('jit', 'off', true) AS j`;

/** The part of node-pg's connection that a query writes to. The second parameter of the typings is of an old version. */
interface Wire {
  readonly stream: { cork(): void; uncork(): void };
  parse(message: object): void;
  bind(message: object): void;
  execute(message: object): void;
}

/**
 * A statement with a limit of its own on the server, in one round trip. Two statements go out before one Sync, so they
 * are one transaction: the first sets `statement_timeout` until its end, and the server starts the clock again for the
 * second. Works behind PgBouncer in transaction mode, and leaves nothing behind in the session.
 *
 * Two simpler ways do not do it: a `SET statement_timeout` attached to a function is too late for the statement that
 * calls it, and a start-up parameter is refused by PgBouncer.
 */
class LimitedQuery extends Query {
  readonly query_timeout: number;

  constructor(
    config: QueryConfig,
    private readonly limits: StatementLimits,
  ) {
    // Always by the extended protocol: the simple one would send Sync between the two.
    super({ ...config, queryMode: 'extended' } as QueryConfig);
    this.query_timeout = limits.waitMs;
    const submit = this.submit.bind(this);
    this.submit = (connection: Connection) => {
      const wire = connection as unknown as Wire;
      wire.stream.cork();
      try {
        wire.parse({ text: setLimit });
        wire.bind({ values: [String(Math.ceil(this.limits.serverMs))] });
        wire.execute({});
        return submit(connection);
      } finally {
        wire.stream.uncork();
      }
    };
  }
}

type Done<Row extends QueryResultRow> = (error: Error | null | undefined, both: readonly QueryResult<Row>[]) => void;

/**
 * Runs one statement that the server ends by itself before the client gives up waiting.
 * @throws an error with code `57014` when the server ended it
 */
export async function limitedQuery<Row extends QueryResultRow>(
  pool: Pick<Database, 'query'>,
  statement: QueryConfig,
  limits: StatementLimits,
): Promise<QueryResult<Row>> {
  const query = new LimitedQuery(statement, limits);
  // A pool would return a promise here, a connection the query itself: both call back.
  const send = pool.query.bind(pool) as unknown as (query: LimitedQuery, done: Done<Row>) => unknown;
  const results = await new Promise<readonly QueryResult<Row>[]>((resolve, reject) => {
    send(query, (error, both) => (error ? reject(error) : resolve(both)));
  });
  const [, result] = results;
  if (result === undefined) throw new Error('postgres: a statement with a limit has two results');
  return result;
}

/** True when the server ended the statement: it took too long, or a person cancelled it. */
export const isEndedByServer = (thrown: unknown): boolean =>
  thrown instanceof Error && (thrown as { code?: unknown }).code === statementEnded;
