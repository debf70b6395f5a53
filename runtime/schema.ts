/** The schema that our SQL texts name before every table, view, sequence and function of ours. */
export const defaultSchema = 'nova';

const rewritten = new Map<string, Map<string, string>>();

/**
 * The same SQL text for another schema: `nova.` becomes `"<schema>".`. Texts are few and fixed, so each is rewritten once. No
 * session has to know the schema, which is what makes it work behind a pooler in transaction mode.
 */
export function inSchema(sql: string, schema: string): string {
  if (schema === defaultSchema) return sql;
  const known = rewritten.get(schema) ?? new Map<string, string>();
  rewritten.set(schema, known);
  let text = known.get(sql);
  if (text === undefined) {
    text = sql.replace(/(?<![\w".])nova\./g, `"${schema}".`);
    // A text that holds a value (a marker, a date) is new each time: the memory does not grow with them.
    if (known.size < 2_000) known.set(sql, text);
  }
  return text;
}
