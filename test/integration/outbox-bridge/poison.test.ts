import { type EventRef } from '../../../contracts/event-ref';
import { listDeadLetters } from '../../../ops/dead-letters/dead-letters';
import { inTransaction } from '../../../runtime/postgres';
import { type TestBridge } from '../../support/bridge';
import { newId } from '../../support/events';
import { PoisonLab } from '../../support/poison-lab';

let lab: PoisonLab;
let bridge: TestBridge;
beforeAll(async () => {
  lab = await PoisonLab.open();
  // The checks that keep such rows out; rows from before them, or past them, must harm no other row either.
  await lab.database.pool.query(
    `CREATE TABLE business (id uuid);
     ALTER TABLE outbox_events DROP CONSTRAINT outbox_events_priority_check, DROP CONSTRAINT outbox_created_at_is_a_date`,
  );
  bridge = lab.bridge();
  await bridge.bridge.start();
});
afterAll(() => lab.close());

type Columns = Record<string, unknown>;
const ids = () => ({ message_id: newId(), editor_id: newId() });
const payload = (fields: object) => JSON.stringify({ ...ids(), ...fields });
const withRaw = (json: string) => payload({}).replace(/}$/, `, ${json}}`);
const nested = (levels: number) => withRaw(`"deep": ${'['.repeat(levels)}${']'.repeat(levels)}`);

/** What is wrong, the columns of the row, and what its reason must say: the code, what, where. */
const corpus: [string, Columns, RegExp][] = [
  ['a payload that is a JSON array', { payload: '[1]' }, /^INVALID_PAYLOAD: .*must be a JSON object, got an array/],
  ['a payload that is a JSON string', { payload: '"x"' }, /^INVALID_PAYLOAD: .*got a string/],
  ['a payload that is a JSON number', { payload: '7' }, /^INVALID_PAYLOAD: .*got a number/],
  ['a payload that is JSON null', { payload: 'null' }, /^INVALID_PAYLOAD: .*got null/],
  [
    'a wrong type in a field',
    { payload: payload({ content: 5 }) },
    /^INVALID_PAYLOAD: .*content: must be of type string and is number/,
  ],
  [
    'an id in the payload that is no UUID',
    { payload: payload({ message_id: 'abc' }) },
    /^INVALID_PAYLOAD: .*message_id/,
  ],
  ['missing fields', { payload: '{}' }, /^INVALID_PAYLOAD: .*message_id: .*editor_id: /],
  ['a negative version', { schema_version: -1 }, /^INVALID_ROW: schema_version -1 .*1 to 1/],
  ['3 MB', { payload: payload({ filler: 'x'.repeat(3e6) }) }, /^PAYLOAD_TOO_LARGE: payload of 3000\d+ bytes/],
  ['5 MB', { payload: payload({ filler: 'x'.repeat(5e6) }) }, /^PAYLOAD_TOO_LARGE: payload of 5000\d+ bytes/],
  ['a number beyond a double', { payload: withRaw('"n": 1e400') }, /^INVALID_PAYLOAD: .* n: a number beyond/],
  [
    'numbers that make a gigabyte of text of 100 kB',
    { payload: withRaw(`"n": [${Array(9_000).fill('1e131071').join(',')}]`) },
    /^INVALID_PAYLOAD: PostgreSQL cannot write the payload as text: numbers beyond/,
  ],
  ['10,000 levels of nesting', { payload: nested(10_000) }, /^INVALID_PAYLOAD: .* deep: nested deeper than 100/],
  [
    'a key named __proto__',
    { payload: withRaw('"__proto__": {"encrypted": true}') },
    /^INVALID_PAYLOAD: .*"__proto__"/,
  ],
  ['an aggregate type of 3 kB', { aggregate_type: 'x'.repeat(3_000) }, /^INVALID_ROW: aggregate_type must be/],
  ['an aggregate type with odd characters', { aggregate_type: 'a\nb 😀' }, /^INVALID_ROW: aggregate_type must be/],
  ['an empty aggregate type', { aggregate_type: '' }, /^INVALID_ROW: aggregate_type must be/],
  ['priority 9, past the check', { priority: 9 }, /^INVALID_ROW: priority 9 is not one of 0/],
  ['priority -1, past the check', { priority: -1 }, /^INVALID_ROW: priority -1 is not one of 0/],
  [
    'created_at -infinity, past the check',
    { created_at: '-infinity' },
    /^INVALID_ROW: created_at -infinity is no date/,
  ],
  [
    'created_at before Christ, past the check',
    { created_at: '0044-03-15 BC' },
    /^INVALID_ROW: created_at 0044.* BC is no date/,
  ],
];

describe('a bad row', () => {
  it.each(corpus)(
    'with %s is given up at once with its reason; a row beside it is started',
    async (_what, columns, reason) => {
      const aggregate = newId();
      const bad = await lab.insert({ aggregate_id: aggregate, ...columns });
      const beside = await lab.healthy();
      const behind = await lab.healthy(aggregate);
      await lab.started(beside.eventId);
      const row = await lab.dead(bad);
      expect(row).toMatchObject({ retry_count: 1, published_at: null, lease_token: null, unfinished_claims: 0 });
      expect(row['last_error']).toMatch(reason);
      await lab.started(behind.eventId);
      expect((await listDeadLetters(lab.database.pool, { limit: 500 })).map(({ id }) => id)).toContain(bad);
      await expect(lab.client.workflow.getHandle(bad).describe()).rejects.toThrow(/not found/i);
      expect(bridge.bridge.describe().reason).toBeNull();
      expect(bridge.pauses.describe()).toEqual({});
    },
  );
});

describe('an odd row that harms no other', () => {
  const day = 86_400_000;
  it.each<[string, Columns, (ref: EventRef, row: Columns) => void]>([
    [
      'a trace context that is rubbish',
      { traceparent: 'x'.repeat(1e6) },
      (ref) => expect(ref.traceparent).toBeUndefined(),
    ],
    ['the text \\ud800, escaped', { payload: withRaw('"content": "\\\\ud800"') }, () => undefined],
    ['a key given twice', { payload: withRaw('"content": 1, "content": "last"') }, () => undefined],
    ['an integer of 2^63', { payload: withRaw('"n": 9223372036854775808') }, () => undefined],
    [
      'created_at tomorrow',
      { created_at: new Date(Date.now() + day) },
      // The score in the feeds: a wrong clock must not put a post on top of every feed until tomorrow.
      (ref, row) => expect(ref.createdAtMs).toBeLessThanOrEqual((row['published_at'] as Date).getTime()),
    ],
    [
      'created_at a year ago',
      { created_at: new Date(Date.now() - 365 * day) },
      (ref, row) => expect(ref.createdAtMs).toBe((row['created_at'] as Date).getTime()),
    ],
  ])('with %s is started', async (_what, columns, check) => {
    const id = await lab.insert(columns);
    const row = await lab.started(id);
    const history = await lab.client.workflow.getHandle(id).fetchHistory();
    const [argument] = history.events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
    check(JSON.parse(Buffer.from(argument?.data ?? []).toString()) as EventRef, row);
  });
});

describe('a row that PostgreSQL refuses', () => {
  it.each<[string, Columns, RegExp]>([
    ['no aggregate', { aggregate_id: null }, /null value in column "aggregate_id"/],
    ['an aggregate that is no UUID', { aggregate_id: 'abc' }, /invalid input syntax for type uuid: "abc"/],
    ['an id that is no UUID', { id: '42' }, /invalid input syntax for type uuid: "42"/],
    ['NUL in the payload', { payload: withRaw('"content": "\\u0000"') }, /unsupported Unicode escape sequence/],
    [
      'a lone surrogate in the payload',
      { payload: withRaw('"content": "\\ud800"') },
      /invalid input syntax for type json/,
    ],
    ['no payload', { payload: null }, /null value in column "payload"/],
    ['no created_at', { created_at: null }, /no partition of relation "outbox_events"/],
    ['created_at in the year 2100', { created_at: '2100-01-01' }, /no partition of relation "outbox_events"/],
    ['created_at infinity', { created_at: 'infinity' }, /no partition of relation "outbox_events"/],
  ])(
    'with %s fails with a clear error, and behind a savepoint the business transaction commits',
    async (_what, columns, error) => {
      const id = newId();
      await inTransaction(lab.database.pool, async (tx) => {
        await tx.query('INSERT INTO business VALUES ($1)', [id]);
        await tx.query('SAVEPOINT event');
        await expect(lab.insert(columns, tx as never)).rejects.toThrow(error);
        await tx.query('ROLLBACK TO SAVEPOINT event');
      });
      expect((await lab.database.pool.query('SELECT FROM business WHERE id = $1', [id])).rowCount).toBe(1);
    },
  );

  it.each<[string, Columns, RegExp]>([
    ['priority 9', { priority: 9 }, /violates check constraint "outbox_events_priority_check"/],
    ['a negative priority', { priority: -1 }, /violates check constraint "outbox_events_priority_check"/],
    ['created_at -infinity', { created_at: '-infinity' }, /violates check constraint "outbox_created_at_is_a_date"/],
  ])('for %s names the check', async (_what, columns, error) => {
    const whole = await PoisonLab.open();
    await expect(whole.insert(columns)).rejects.toThrow(error);
    await whole.close();
  });
});
