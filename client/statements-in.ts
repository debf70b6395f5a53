import { type Statements } from '../feeds/sql-feed-truth';
import { defaultSchema, inSchema } from '../runtime/schema';

/** The database of a reader, whose statements name the schema `nova`, on a deployment that may have named it otherwise. */
export function statementsIn(database: Statements, schema: string = defaultSchema): Statements {
  return { query: (text, values) => database.query(inSchema(text, schema), values) };
}
