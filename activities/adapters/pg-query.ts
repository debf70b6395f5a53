import { type QueryResult, type QueryResultRow } from 'pg';
import { type Database, asDatabaseError } from '../../runtime/postgres';

/**
 * Runs one statement.
 * @throws NovaError DATABASE_UNAVAILABLE when PostgreSQL is away
 */
export async function query<Row extends QueryResultRow>(
  database: Database,
  sql: string,
  values: unknown[],
): Promise<QueryResult<Row>> {
  try {
    return await database.query<Row>(sql, values);
  } catch (thrown) {
    throw asDatabaseError(thrown);
  }
}
