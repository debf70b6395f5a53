import fc from 'fast-check';
import { uuidv7 } from 'uuidv7';
import { type EventType } from '../../../../contracts/catalogue';
import { type TestDatabase, createTestDatabase } from '../../../support/database';
import { type TestEmitter, startEmitter } from '../../../support/emitter';
import { newId } from '../../../support/events';
import { type Collector, type TestTopics, collect, createTestTopics } from '../../../support/kafka';
import { waitFor } from '../../../support/wait-for';

let database: TestDatabase;
let topics: TestTopics;
let collector: Collector;
let emitter: TestEmitter;

beforeAll(async () => {
  [database, topics] = await Promise.all([createTestDatabase(), createTestTopics(['social'])]);
  collector = await collect(topics.kafka, [topics.topics.social]);
  emitter = await startEmitter({ databaseUrl: database.url, topics: topics.topics });
});

afterAll(async () => {
  await emitter.close();
  await collector.stop();
  await Promise.all([database.drop(), topics.drop()]);
});

/** Inserts the text as any service in any language would, sends it, and returns the row's id. */
async function write(type: EventType, aggregateId: string, payloads: readonly string[]): Promise<string[]> {
  const ids = payloads.map(() => uuidv7());
  const { rows } = await database.pool.query<{ id: string; sequence: number; created_at: string }>(
    `INSERT INTO outbox_events (id, aggregate_id, event_type, payload, published_at)
     SELECT id, $2, $3, payload::jsonb, now() FROM unnest($1::uuid[], $4::text[]) AS given (id, payload)
     RETURNING id, sequence, to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS created_at`,
    [ids, aggregateId, type, payloads],
  );
  const ref = {
    eventType: type,
    schemaVersion: 1,
    aggregateType: 'x',
    aggregateId,
    createdAtMs: 0,
    priority: 2,
  } as const;
  const sent = rows.map((row) => ({ ...ref, eventId: row.id, sequence: row.sequence, createdAt: row.created_at }));
  await Promise.all(sent.map((event) => emitter.emit(event)));
  return ids;
}

/** What of it did not arrive as PostgreSQL has it; `expected` is SQL over the row. */
async function changed(ids: readonly string[], expected = 'payload'): Promise<unknown[]> {
  const wanted = new Set(ids);
  const arrived = () => collector.messages.filter(({ headers }) => wanted.has(headers['event_id'] ?? ''));
  await waitFor(() => arrived().length === ids.length);
  const { rows } = await database.pool.query<Record<string, unknown>>(
    `SELECT payload::text AS written, body AS arrived
     FROM unnest($1::uuid[], $2::text[]) AS message (id, body) JOIN outbox_events USING (id)
     WHERE body::jsonb IS DISTINCT FROM ${expected}`,
    [arrived().map(({ headers }) => headers['event_id']), arrived().map(({ body }) => body)],
  );
  return rows;
}

const text = fc
  .string({ unit: 'binary', maxLength: 12 })
  .filter((s) => !s.includes('\0') && !/\p{Surrogate}/u.test(s) && s !== '__proto__');
const digits = (max: number) => fc.stringMatching(new RegExp(`^[0-9]{1,${max}}$`));
const number = fc.oneof(
  fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }).map(String),
  fc.tuple(fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), digits(30)).map(([whole, part]) => `${whole}.${part}`),
  fc
    .tuple(fc.integer({ min: -99, max: 99 }), digits(20), fc.integer({ min: -300, max: 300 }))
    .map(([a, b, e]) => `${a}.${b}e${e}`),
  fc.constantFrom('0', '-0', '1e308', '-1e308', '1.10', '9007199254740993', '18446744073709551615', '1e-400', '0.1'),
);
/** Escapes of the same character in other words; jsonb sees no difference, a careless copy might. */
const escaped = text.map((s) =>
  JSON.stringify(s).replace(/[a-z/](?=[^\\]*$)/, (c) => `\\u00${c.charCodeAt(0).toString(16)}`),
);
const string = fc.oneof(
  text.map((s) => JSON.stringify(s)),
  escaped.filter((s) => isJson(s)),
);
const key = fc.oneof(
  text,
  fc.constantFrom('a', 'A', 'a ', '1', '01', 'price', 'user_id', 'follower_id2', '', 'toJSON', 'constructor'),
);
const { json } = fc.letrec<{ json: string }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.oneof(number, string, fc.constantFrom('true', 'false', 'null')),
    fc.array(tie('json'), { maxLength: 5 }).map((items) => `[${items.join(',')}]`),
    // Keys may come twice: the last one is what jsonb keeps.
    fc.array(fc.tuple(key, tie('json')), { maxLength: 5 }).map(objectOf),
  ),
}));

function objectOf(entries: readonly (readonly [string, string])[]): string {
  return `{${entries.map(([name, value]) => `${JSON.stringify(name)}: ${value}`).join(', ')}}`;
}

function isJson(candidate: string): boolean {
  try {
    JSON.parse(candidate);
    return true;
  } catch {
    return false;
  }
}

it('delivers every JSON value that is accepted as it was written, whatever digits it has', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(json, { minLength: 1, maxLength: 60 }), async (values) => {
      const follower = newId();
      const payloads = values.map((value) =>
        objectOf([
          ['follower_id', `"${follower}"`],
          ['followee_id', `"${newId()}"`],
          ['extra', value],
        ]),
      );
      expect(await changed(await write('follow.added', follower, payloads))).toEqual([]);
    }),
    { numRuns: 25 },
  );
});

it('keeps the digits of nested values to the depth that is accepted', async () => {
  const follower = newId();
  const deep = `${'[{"n":'.repeat(49)}12345678901234567890.5${'}]'.repeat(49)}`;
  const payload = objectOf([
    ['follower_id', `"${follower}"`],
    ['followee_id', `"${newId()}"`],
    ['extra', deep],
  ]);
  expect(await changed(await write('follow.added', follower, [payload]))).toEqual([]);
});

it('keeps them where an older writer’s fields are renamed, defaults are filled in and ids are lower-cased', async () => {
  const own = await createTestTopics(['content']);
  const before = [emitter, collector] as const;
  emitter = await startEmitter({ databaseUrl: database.url, topics: own.topics });
  collector = await collect(own.kafka, [own.topics.content]);
  const [post, author] = [newId(), newId()];
  const payload = `{"post_id": "${post.toUpperCase()}", "author_id": "${author}", "revision_id": 1234567890123456789,
    "price": {"amount": [0.1234567890123456789, 10.50]}, "tags": ["1234567890123456789"]}`;
  const ids = await write('content.post.created', post, [payload]);
  const expected = `payload - 'author_id' || jsonb_build_object('post_id', lower(payload ->> 'post_id'), 'user_id',
    payload -> 'author_id', 'caption', '', 'media_type', 'none', 'status', 'published')`;
  expect(await changed(ids, expected)).toEqual([]);
  await emitter.close();
  await collector.stop();
  await own.drop();
  [emitter, collector] = before;
});
