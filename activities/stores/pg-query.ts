import { type QueryResult, type QueryResultRow } from 'pg';
import { NovaError } from '../../contracts/failures';
import { limits } from '../../contracts/time-budgets';
import { oneLine } from '../../runtime/errors';
import { isEndedByServer, limitedQuery } from '../../runtime/limited-query';
import { type Database, asDatabaseError } from '../../runtime/postgres';

const patience = { serverMs: limits.serverStatementMs, waitMs: limits.statementMs };

/**
 * Runs one statement, which the server ends before the client gives it up.
 * @throws NovaError DATABASE_UNAVAILABLE when PostgreSQL is away, or took too long
 */
export async function query<Row extends QueryResultRow>(
  database: Database,
  sql: string,
  values: unknown[],
): Promise<QueryResult<Row>> {
  try {
    return await limitedQuery<Row>(database, { text: sql, values }, patience);
  } catch (thrown) {
    if (isEndedByServer(thrown)) throw new NovaError('DATABASE_UNAVAILABLE', oneLine(thrown), { cause: thrown });
    throw asDatabaseError(thrown);
  }
}
