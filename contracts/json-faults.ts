/** Levels of nesting that any consumer's parser and serialiser can be trusted with. */
const maxDepth = 100;

/** A surrogate without its partner: no such character exists, and neither PostgreSQL nor UTF-8 can hold it. */
const loneSurrogate = /\p{Surrogate}/u;

/**
 * What in a JSON value cannot be carried from PostgreSQL to Kafka and back unchanged, or undefined when nothing is:
 * numbers that are Infinity here, nesting that overflows a stack, text that jsonb refuses, a key that changes the prototype.
 * Walks without recursion, since its input is not to be trusted. The answer names what and where, never a value.
 */
export function jsonFault(root: unknown): string | undefined {
  const open: { value: unknown; depth: number; field: string }[] = [{ value: root, depth: 0, field: '(payload)' }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, depth, field } = next;
    if (typeof value === 'string') {
      const fault = textFault(value);
      if (fault !== undefined) return `${field}: ${fault}`;
    } else if (typeof value === 'number') {
      if (!Number.isFinite(value)) return `${field}: a number beyond what JSON readers can hold (±1.8e308)`;
    } else if (typeof value === 'bigint') {
      return `${field}: a BigInt, which JSON.stringify cannot write; give it as a string`;
    } else if (typeof value === 'object' && value !== null) {
      if (depth === maxDepth) return `${field}: nested deeper than ${maxDepth} levels`;
      for (const [key, inner] of Object.entries(value)) {
        if (key === '__proto__') return `${field}: a key named "__proto__"`;
        if (textFault(key) !== undefined) return `${field}: a key with ${textFault(key)}`;
        // Only the field of the payload is named: deeper keys may be content.
        open.push({ value: inner, depth: depth + 1, field: depth === 0 ? key.slice(0, 60) : field });
      }
    }
  }
  return undefined;
}

function textFault(text: string): string | undefined {
  if (text.includes('\0')) return 'the character NUL (\\u0000), which PostgreSQL cannot store';
  return loneSurrogate.test(text) ? 'a lone surrogate, which is no character' : undefined;
}
