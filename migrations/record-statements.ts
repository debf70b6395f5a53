import { type Client, escapeLiteral } from 'pg';

/** What is asked, not done; making partitions is done by a function. */
const isQuestion = (sql: string): boolean =>
  /^\s*(SELECT|WITH)\b/.test(sql) && !/\boutbox_ensure_partitions\(/.test(sql);

/**
 * From now on every statement of this client that changes something is also written, with its values in place, to the list that is returned;
 * without the semicolon at its end.
 */
export function recordStatements(client: Client): readonly string[] {
  const recorded: string[] = [];
  const ask = client.query.bind(client) as (...args: unknown[]) => unknown;
  const recording = (sql: string, values?: readonly unknown[]): unknown => {
    if (!isQuestion(sql)) recorded.push(withValues(sql, values).replace(/;?\s*$/, ''));
    return ask(sql, values);
  };
  Object.assign(client, { query: recording });
  return recorded;
}

/** A text that has values is one statement of ours: `$1` in it is the first value, never part of a function's text. */
function withValues(sql: string, values: readonly unknown[] | undefined): string {
  if (values === undefined) return sql.trim();
  return sql.trim().replace(/\$(\d+)/g, (_, place: string) => literalOf(values[Number(place) - 1]));
}

function literalOf(value: unknown): string {
  if (value === null || value === undefined) return 'NULL';
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return escapeLiteral(value);
  if (Array.isArray(value)) return `ARRAY[${value.map(literalOf).join(', ')}]`;
  throw new Error(`a statement of a migration has a value that is no text, number or list: ${typeof value}`);
}
