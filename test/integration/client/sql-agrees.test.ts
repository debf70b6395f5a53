import * as fc from 'fast-check';
import { type EventType, catalogue } from '../../../contracts/catalogue';
import { parseEvent } from '../../../contracts/parse-event';
import { eventTypeRows } from '../../../migrations/record-contracts';
import { type TestDatabase, createTestDatabase } from '../../support/database';

interface Rule {
  readonly type: string;
  readonly format?: string;
  readonly enum?: readonly string[];
  readonly maxLength?: number;
  readonly maximum?: number;
  readonly maxItems?: number;
  readonly items?: Rule;
}

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const schemas = new Map(eventTypeRows().map((row) => [row.event_type as EventType, row.payload_schema as object]));

/** What fits the rule, at its edges too. */
function fitting(rule: Rule): fc.Arbitrary<unknown> {
  if (rule.enum !== undefined) return fc.constantFrom(...rule.enum);
  switch (rule.type) {
    case 'boolean':
      return fc.boolean();
    case 'integer':
      return fc.constantFrom(0, 1, 7.0, 9_007_199_254_740_991);
    case 'array':
      return fc.oneof(
        fc.array(fitting(rule.items!), { maxLength: 3 }),
        fitting(rule.items!).map((value) => Array.from({ length: rule.maxItems ?? 1 }, () => value)),
      );
  }
  if (rule.format === 'uuid') return fc.uuid().chain((id) => fc.constantFrom(id, id.toUpperCase()));
  if (rule.format === 'date-time')
    return fc.constantFrom('2026-01-31T12:00:00Z', '2024-02-29T23:59:59.123456+05:30', '2026-01-31T12:00:00-00:00');
  if (rule.format === 'email') return fc.constantFrom('a@b.co', "o'neill+x@mail.example.org", 'A.B_c-d@x.io');
  if (rule.format === 'uri')
    return fc.constantFrom('https://example.org/a?b#c', 'data:image/png;base64,AAAA', ' ftp://h ');
  const most = rule.maxLength ?? 10;
  return fc.constantFrom('a', 'é€', '😀'.repeat(most), 'x'.repeat(most));
}

/** What mostly does not fit it. */
function unfitting(rule: Rule): fc.Arbitrary<unknown> {
  const most = rule.maxLength ?? 10;
  return fc.constantFrom<unknown>(
    ...[null, '', 'nothing', 0, -1, 1.5, 1e300, 9_007_199_254_740_993, true, {}, [], [null], ['x'], { a: 1 }],
    ...['2026-01-31', '2026-02-30T12:00:00Z', '2026-01-31T12:00:00', '2026-01-31T12:00:00Z\n', '2026-01-31T25:00:00Z'],
    ...[
      'a@b',
      '@b.co',
      'a b@c.de',
      'a@b.co ',
      '00000000-0000-0000-0000-00000000000g',
      ' 00000000-0000-0000-0000-000000000000',
    ],
    ...['x'.repeat(most + 1), `${'😀'.repeat(most)}x`, '😀'.repeat(most + 1)],
    Array.from({ length: (rule.maxItems ?? 3) + 1 }, () => '00000000-0000-0000-0000-000000000000'),
  );
}

function payloads(type: EventType): fc.Arbitrary<Record<string, unknown>> {
  const { properties, required } = schemas.get(type) as { properties: Record<string, Rule>; required: string[] };
  const fields = Object.fromEntries(
    Object.entries(properties).map(([name, rule]) => {
      const wrong = unfitting(rule);
      const value = fc.oneof({ weight: 14, arbitrary: fitting(rule) }, { weight: 1, arbitrary: wrong });
      const absent = fc.constant(undefined);
      const weights = required.includes(name) ? [20, 1] : [2, 1];
      return [name, fc.oneof({ weight: weights[0]!, arbitrary: value }, { weight: weights[1]!, arbitrary: absent })];
    }),
  );
  const unknown = fc.constantFrom<unknown>(...Array<undefined>(6).fill(undefined), 1, null, { deep: [{ x: 'y' }] });
  return fc.record({ ...fields, unheard_of: unknown });
}

describe('what nova_publish refuses', () => {
  it.each(catalogue.map(({ type }) => [type]))('is what the schema of %s refuses', async (type) => {
    // JSON.parse: what a writer sends is JSON, without fields that are undefined.
    const samples = fc.sample(payloads(type), { numRuns: 400, seed: 20_261_127 });
    const texts = samples.map((sample) => JSON.stringify(sample));
    const { rows } = await database.pool.query<{ field: string | null; fault: string | null }>(
      `SELECT f.field, f.fault FROM unnest($2::text[]) WITH ORDINALITY AS p (text, place),
         nova.nova_payload_fault((SELECT payload_schema FROM outbox_event_types WHERE spelling = $1), p.text::jsonb) f
       ORDER BY p.place`,
      [type, texts],
    );
    const urls = urlFieldsOf(type);
    const results = rows.map(({ field, fault }, i) => ({
      sent: texts[i]!.slice(0, 400),
      field,
      fault,
      ours: faultOf(type, texts[i]!),
    }));
    // What is a URL is known by the parser of Node alone.
    const known = results.filter(
      ({ fault, ours }) => fault !== null || !urls.some((name) => ours?.includes(`${name}:`)),
    );
    expect(known.filter(({ fault, ours }) => (fault === null) !== (ours === undefined))).toEqual([]);
    const refused = results.filter(({ fault }) => fault !== null).length;
    expect(refused).toBeGreaterThan(20);
    expect(refused).toBeLessThan(samples.length - 20);
  });

  it('covers every keyword that a schema of the catalogue uses', () => {
    const known = ['type', 'properties', 'required', 'items', 'enum', 'pattern', 'format', 'minLength', 'maxLength'];
    const more = ['minimum', 'maximum', 'maxItems', 'not', 'const', 'default', 'description', '$schema'];
    const used = new Set<string>();
    const walk = (value: unknown, isRule: boolean): void => {
      if (typeof value !== 'object' || value === null) return;
      for (const [key, inner] of Object.entries(value)) {
        // {}: any.
        if (isRule && !(key === 'additionalProperties' && JSON.stringify(inner) === '{}')) used.add(key);
        walk(inner, key !== 'properties' || !isRule);
      }
    };
    for (const schema of schemas.values()) walk(schema, true);
    const words = [...used].filter((word) => !/^\d+$/.test(word));
    expect(words.filter((word) => ![...known, ...more].includes(word))).toEqual([]);
  });
});

function faultOf(type: EventType, text: string): string | undefined {
  try {
    parseEvent({ eventType: type, aggregateId: 'none', payload: JSON.parse(text) as unknown });
    return undefined;
  } catch (thrown) {
    return (thrown as Error).message;
  }
}

function urlFieldsOf(type: EventType): string[] {
  const { properties } = schemas.get(type) as { properties: Record<string, Rule> };
  return Object.keys(properties).filter((name) => properties[name]!.format === 'uri');
}
