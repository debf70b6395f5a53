import { randomUUID } from 'node:crypto';

/** The tokens of a JSON text in which digits can stand: strings, which are passed over, and numbers. */
const stringOrNumber = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g;

/** PostgreSQL writes jsonb numbers digit by digit; shorter ones than this survive a double whatever they are. */
const manyDigits = /[\d.]{16}/;

/**
 * JSON of `canonical`, in which every number that came from `source` unchanged has the digits it has there.
 *
 * JSON.parse makes a double of every number: 1234567890123456789 becomes ...800. `source` is the text that was parsed, as
 * PostgreSQL writes jsonb. `bring` is what was done to the parsed value before it became `canonical`, as far as it moved
 * values from field to field without looking at them.
 */
export function exactJson(source: string, canonical: unknown, bring: (parsed: unknown) => unknown): string {
  if (!manyDigits.test(source)) return JSON.stringify(canonical);
  // No text can hold this by chance or on purpose, so what begins with it is ours.
  const mark = `${randomUUID()}:`;
  const marked = source.replace(stringOrNumber, (token) =>
    token.startsWith('"') || String(Number(token)) === token ? token : `"${mark}${token}"`,
  );
  const restored = restore(canonical, bring(JSON.parse(marked)), mark);
  return JSON.stringify(restored).replace(new RegExp(`"${mark}([^"]*)"`, 'g'), '$1');
}

/** `value`, with the marked texts of `original` where it has the doubles made of them. */
function restore(value: unknown, original: unknown, mark: string): unknown {
  if (typeof value === 'number') {
    const same = typeof original === 'string' && original.startsWith(mark);
    return same && Number(original.slice(mark.length)) === value ? original : value;
  }
  if (typeof value !== 'object' || value === null || typeof original !== 'object' || original === null) return value;
  if (Array.isArray(value)) {
    return Array.isArray(original) ? value.map((item, i) => restore(item, original[i], mark)) : value;
  }
  const fields = original as Record<string, unknown>;
  const entries = Object.entries(value).map(([key, item]) => [
    key,
    restore(item, Object.hasOwn(fields, key) ? fields[key] : undefined, mark),
  ]);
  return Object.fromEntries(entries);
}
