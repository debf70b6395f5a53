import { z } from 'zod';
import { meantBy } from './near-words';

type Payload = Readonly<Record<string, unknown>>;
type Issue = z.core.$ZodIssue;

/** More than these say nothing new. */
const mostFaults = 5;
/** Unknown fields that are compared with the known ones: a service may send any number of its own. */
const mostLookedAt = 20;

/**
 * What is wrong with a payload, field by field, in words that say what to do: the same as those of `nova_publish` in SQL. No value is
 * named, since it may be content or an e-mail address.
 */
export function payloadFaults(schema: z.ZodType, payload: Payload, issues: readonly Issue[]): string[] {
  return issues.slice(0, mostFaults).map((issue) => {
    const [field, ...inside] = issue.path.map(String);
    if (field === undefined) return `(payload): ${brokenRule(issue, payload)}`;
    const value = issue.path.reduce<unknown>((outer, key) => (outer as Payload | undefined)?.[key as string], payload);
    if (inside.length > 0) {
      const place = inside.map((key) => (/^\d+$/.test(key) ? `number ${Number(key) + 1}` : key)).join(', ');
      return `${field}: has an element (${place}) that ${brokenRule(issue, value)}`;
    }
    if (value !== undefined && value !== null) return `${field}: ${brokenRule(issue, value)}`;
    return `${field}: ${absent(schema, field, payload)}`;
  });
}

/** Fields that the schema does not know, where it knows one of nearly the same name that the payload does not have. */
export function misspeltFields(schema: z.ZodType, payload: Payload): { given: string; meant: string }[] {
  const known = fieldsOf(schema);
  const unknown = Object.keys(payload).filter((field) => !Object.hasOwn(known, field));
  if (unknown.length === 0) return [];
  const absent = Object.keys(known).filter((field) => payload[field] === undefined);
  return unknown
    .slice(0, mostLookedAt)
    .map((given) => ({ given, meant: meantBy(given, absent).join(' or ') }))
    .filter(({ meant }) => meant !== '');
}

function absent(schema: z.ZodType, field: string, payload: Payload): string {
  const known = fieldsOf(schema);
  const rule = known[field];
  const isNull = payload[field] === null;
  if (rule === undefined || rule.safeParse(undefined).success) return 'is null: leave the field out';
  const [near] = meantBy(
    field,
    Object.keys(payload).filter((given) => !Object.hasOwn(known, given)),
  );
  const hint =
    near === undefined ? '' : `; the payload has ${JSON.stringify(near.slice(0, 60))}: did you mean ${field}?`;
  return `is required and is ${isNull ? 'null' : 'missing'}: give it ${wanted(rule)}${hint}`;
}

function wanted(rule: z.ZodType): string {
  return rule instanceof z.ZodGUID ? 'a UUID' : `a value of type ${rule instanceof z.ZodEnum ? 'string' : rule.type}`;
}

function fieldsOf(schema: z.ZodType): Readonly<Record<string, z.ZodType>> {
  return schema instanceof z.ZodObject ? schema.shape : {};
}

const formats: Readonly<Record<string, string>> = {
  guid: 'is not a UUID like 123e4567-e89b-12d3-a456-426614174000',
  email: 'is not an e-mail address',
  datetime: 'is not a time like 2026-01-31T12:00:00Z (RFC 3339, with its offset)',
  url: 'is not a URL with its scheme, like https://example.org/a',
};

/** An issue of zod in words that follow the field's name. */
function brokenRule(issue: Issue, value: unknown): string {
  switch (issue.code) {
    case 'invalid_type':
      // Of a number that is no whole one alone; of a text zod expects a number.
      return issue.expected === 'int'
        ? 'must be a whole number'
        : `must be of type ${issue.expected} and is ${kindOf(value)}`;
    case 'invalid_value':
      return `must be one of ${issue.values.map(String).join(', ')}`;
    case 'invalid_format':
      return formats[issue.format] ?? 'is not of the form that docs/events asks for';
    case 'too_big':
      return size(issue.origin, 'longer', 'more', issue.maximum);
    case 'too_small':
      return size(issue.origin, 'shorter', 'less', issue.minimum);
    default:
      // A rule of ours, which has words of ours.
      return issue.message;
  }
}

function size(origin: string, ofText: string, ofNumber: string, limit: number | bigint): string {
  if (origin === 'string') return `is ${ofText} than ${limit} characters`;
  return origin === 'array' ? `has ${ofNumber} than ${limit} elements` : `is ${ofNumber} than ${limit}`;
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}
