import { type Transaction } from './publish';

/** What is used of the `sql` that postgres.js gives to the function of `sql.begin`. */
export interface PostgresJsTransaction {
  unsafe(text: string, values: never[]): PromiseLike<unknown>;
}

/** The transaction of postgres.js as one that `publish` takes: `sql.begin(async (sql) => publish(viaPostgresJs(sql), …))`. */
export function viaPostgresJs(sql: PostgresJsTransaction): Transaction {
  return { query: async (text, values) => sql.unsafe(text, values as never[]) };
}
