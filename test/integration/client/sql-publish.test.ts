import { randomUUID } from 'node:crypto';
import { Client, type DatabaseError } from 'pg';
import { meantBy } from '../../../contracts/near-words';
import { makeLogins } from '../../../dev/logins';
import { catalogue, spellingsOf } from '../../../contracts/catalogue';
import { priorities } from '../../../contracts/priority';
import { type TestDatabase, createTestDatabase } from '../../support/database';
import { newId } from '../../support/events';

let database: TestDatabase;
let service: Client;
beforeAll(async () => {
  database = await createTestDatabase();
  const urls = await makeLogins(database.url);
  service = new Client({ connectionString: urls.publisher });
  await service.connect();
});
afterAll(async () => {
  await service.end();
  await database.drop();
});

const post = () => ({ post_id: newId(), user_id: newId() });
const call = async (sql: string, values: unknown[]): Promise<string> =>
  (await service.query<{ id: string }>(`SELECT ${sql} AS id`, values)).rows[0]!.id;
const publish = (type: string, payload: unknown, rest = '', more: unknown[] = []) =>
  call(`nova.nova_publish($1, $2::jsonb${rest})`, [type, JSON.stringify(payload), ...more]);
interface Row {
  readonly sequence: number;
}
const rowOf = async (id: string) =>
  (await database.pool.query<Row>('SELECT * FROM outbox_events WHERE id = $1', [id])).rows;
/** What the server says beside a result. */
type Notice = { readonly [K in 'severity' | 'message' | 'column']?: string | undefined };
const refusal = (work: Promise<unknown>): Promise<DatabaseError> =>
  work.then(
    () => Promise.reject(new Error('was accepted')),
    (thrown: DatabaseError) => thrown,
  );

describe('nova_publish, called by a login that may publish and nothing else', () => {
  it('fills id, aggregate, priority and version from the catalogue, and returns the id', async () => {
    const payload = post();
    const before = Date.now();
    const id = await publish('content.post.created', payload);
    expect(await rowOf(id)).toMatchObject([
      {
        aggregate_id: payload.post_id,
        aggregate_type: 'post',
        event_type: 'content.post.created',
        priority: 2,
        schema_version: 1,
        payload,
      },
    ]);
    // A UUIDv7: time first, then version and variant.
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    const ms = parseInt(id.replaceAll('-', '').slice(0, 12), 16);
    expect(ms).toBeGreaterThan(before - 60_000);
    expect(ms).toBeLessThan(Date.now() + 60_000);
  });

  it('takes every argument by name, and every spelling of a type', async () => {
    const [id, comment] = [randomUUID(), newId()];
    const payload = { comment_id: comment, post_id: newId(), user_id: newId() };
    const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const named = ', id => $3, aggregate_id => $4, priority => $5, schema_version => $6, traceparent => $7';
    expect(await publish('CommentCreated', payload, named, [id, comment, 'low', 1, trace])).toBe(id);
    expect(await rowOf(id)).toMatchObject([
      { aggregate_id: comment, event_type: 'comment.created', priority: priorities.low, traceparent: trace },
    ]);
    for (const [name, number] of Object.entries(priorities)) {
      const event = await publish('content.post.created', post(), ', priority => $3', [name]);
      expect(await rowOf(event)).toMatchObject([{ priority: number }]);
    }
    const { rows } = await database.pool.query<{ spelling: string; event_type: string }>(
      'SELECT spelling, event_type FROM outbox_event_types WHERE newest_version IS NOT NULL',
    );
    expect(rows).toHaveLength(catalogue.flatMap(({ type }) => spellingsOf(type)).length);
  });

  it('is part of the caller’s transaction', async () => {
    await service.query('BEGIN');
    const id = await publish('content.post.created', post());
    await service.query('ROLLBACK');
    expect(await rowOf(id)).toEqual([]);
  });

  it.each<[string, [string, unknown, string?, unknown[]?], string, RegExp]>([
    ['a misspelt type', ['content.post.create', post()], 'UNKNOWN_EVENT_TYPE', /did you mean content\.post\.created/],
    [
      'an unknown type',
      ['nothing.like.it', post()],
      'UNKNOWN_EVENT_TYPE',
      /"nothing\.like\.it" is not in the catalogue \(docs\/events\.md\)$/,
    ],
    [
      'a missing field',
      ['content.post.created', { post_id: newId() }],
      'INVALID_PAYLOAD',
      /content\.post\.created: field user_id is required and is missing: give it a UUID/,
    ],
    [
      'a misspelt field',
      ['content.post.created', { post_id: newId(), userid: newId() }],
      'INVALID_PAYLOAD',
      /user_id is required and is missing: give it a UUID; the payload has "userid": did you mean user_id\?$/,
    ],
    [
      'a required null',
      ['content.post.created', { post_id: newId(), user_id: null }],
      'INVALID_PAYLOAD',
      /user_id is required and is null/,
    ],
    [
      'an optional null',
      ['content.post.created', { ...post(), title: null }],
      'INVALID_PAYLOAD',
      /title is null: leave the field out/,
    ],
    [
      'a wrong UUID',
      ['content.post.created', { post_id: 'order-17', user_id: newId() }],
      'INVALID_PAYLOAD',
      /post_id is not a UUID like 123e4567-/,
    ],
    [
      'a wrong kind',
      ['content.post.created', { ...post(), caption: 7 }],
      'INVALID_PAYLOAD',
      /caption must be of type string and is number/,
    ],
    [
      'a wrong value',
      ['content.post.created', { ...post(), status: 'gone' }],
      'INVALID_PAYLOAD',
      /status must be one of published, draft/,
    ],
    [
      'a wrong element',
      ['content.post.created', { ...post(), media_ids: [newId(), 'x'] }],
      'INVALID_PAYLOAD',
      /media_ids has an element \(number 2\) that is not a UUID/,
    ],
    [
      'a text that is too long',
      ['content.post.created', { ...post(), title: 'x'.repeat(501) }],
      'INVALID_PAYLOAD',
      /title is longer than 500 characters/,
    ],
    ['an array', ['content.post.created', [post()]], 'INVALID_PAYLOAD', /payload must be a JSON object and is array/],
    [
      'JSON that was encoded twice',
      ['content.post.created', JSON.stringify(post())],
      'INVALID_PAYLOAD',
      /is string: it was encoded twice/,
    ],
    [
      'plaintext of an encrypted message',
      [
        'message.persisted',
        { message_id: newId(), conversation_id: newId(), sender_id: newId(), encrypted: true, content: 'hi' },
      ],
      'INVALID_PAYLOAD',
      /content must be left out/,
    ],
    [
      'a key that changes prototypes',
      ['content.post.created', JSON.parse(`{"post_id":"${newId()}","user_id":"${newId()}","x":{"__proto__":1}}`)],
      'INVALID_PAYLOAD',
      /__proto__/,
    ],
    [
      'a payload that is too large',
      ['content.post.created', { ...post(), filler: 'x'.repeat(800_000) }],
      'PAYLOAD_TOO_LARGE',
      /has 800\d{3} bytes as JSON; the limit is 786432/,
    ],
    [
      'a wrong priority',
      ['content.post.created', post(), ', priority => $3', ['urgent']],
      'INVALID_ROW',
      /priority "urgent" is not one of critical, high, normal, low/,
    ],
    [
      'another aggregate than the key',
      ['content.post.created', post(), ', aggregate_id => $3', [newId()]],
      'INVALID_ROW',
      /aggregate_id must be post_id of the payload/,
    ],
    [
      'a version of the future',
      ['content.post.created', post(), ', schema_version => $3', [9]],
      'UNSUPPORTED_VERSION',
      /schema_version 9: this database knows 1 to 1/,
    ],
  ])('refuses %s, and says what, where and what to do', async (_, [type, payload, rest, more], code, message) => {
    const thrown = await refusal(publish(type, payload, rest, more));
    expect(thrown.message).toMatch(message);
    expect(thrown).toMatchObject({ code: '22023', constraint: code });
    expect(thrown.message.startsWith(`${code}: `)).toBe(true);
    expect(thrown.message).not.toContain('order-17');
  });

  it('warns of a field that is probably misspelt, and keeps it', async () => {
    const said: Notice[] = [];
    const listen = ({ severity, message, column }: Notice) => void said.push({ severity, message, column });
    service.on('notice', listen);
    const payload = { ...post(), captoin: 'hi', mediaType: 'none', created_by: 'ann', colour: 'red' };
    const id = await publish('content.post.created', payload);
    await publish('content.post.created', { ...post(), captoin: 'hi', caption: 'hi' });
    await service.query('SELECT nova.nova_publish_many($1::jsonb)', [
      JSON.stringify([{ type: 'content.post.created', payload: { ...post(), captoin: 'hi' } }]),
    ]);
    service.off('notice', listen);
    const rest = 'that its schema does not know; it is kept and sent on. Did you mean';
    const warning = (place: string, column: string, meant: string) => ({
      severity: 'WARNING',
      message: `${place}content.post.created: the payload has a field "${column}" ${rest} ${meant}?`,
      column,
    });
    expect(said).toHaveLength(3);
    expect(said).toEqual(
      expect.arrayContaining([
        warning('', 'captoin', 'caption'),
        warning('', 'mediaType', 'media_type'),
        warning('event 1 of 1: ', 'captoin', 'caption'),
      ]),
    );
    expect(await rowOf(id)).toMatchObject([{ payload }]);
  });

  it('finds the same words near as the library for TypeScript', async () => {
    const known = [
      'user_id',
      'post_id',
      'caption',
      'media_type',
      'created_at',
      'content.post.created',
      'content.post.deleted',
    ];
    const words = [
      ...[
        'userid',
        'userId',
        'usre_id',
        'uesrid',
        'captoin',
        'caption',
        'CAPTION',
        'captions',
        'mediatyp',
        'created_by',
        'x',
        '',
      ],
      ...[
        'content.post.create',
        'content.post.ceated',
        'content.post.seated',
        'content-post-deleted',
        'ost_id',
        'pusr_id',
      ],
      'z'.repeat(200),
    ];
    const { rows } = await database.pool.query<{ word: string; meant: string[] | null }>(
      'SELECT word, nova_meant(word, $2) AS meant FROM unnest($1::text[]) AS word',
      [words, known],
    );
    const found = Object.fromEntries(rows.map(({ word, meant }) => [word, meant ?? []]));
    expect(found).toEqual(Object.fromEntries(words.map((word) => [word, meantBy(word, known).sort()])));
    expect(found).toMatchObject({ userid: ['user_id'], captoin: ['caption'], created_by: [] });
  });

  it('says where in at most three lines, without the text of the calls', async () => {
    const { where = '' } = await refusal(publish('content.post.create', post()));
    expect(where.split('\n')).toEqual([
      expect.stringMatching(/^PL\/pgSQL function (nova\.)?nova_refuse\(/),
      expect.stringMatching(/^PL\/pgSQL function (nova\.)?nova_checked_event\(/),
      expect.stringMatching(/^PL\/pgSQL function (nova\.)?nova_publish\(/),
    ]);
  });

  it('refuses NULL for what it needs', async () => {
    expect((await refusal(call('nova.nova_publish(NULL, $1)', ['{}']))).message).toMatch(
      /^UNKNOWN_EVENT_TYPE: event type null/,
    );
    expect((await refusal(call('nova.nova_publish($1, NULL)', ['reaction.added']))).message).toMatch(/is null$/);
  });

  it('names the field and the failure code for programs', async () => {
    expect(await refusal(publish('content.post.created', { post_id: newId() }))).toMatchObject({ column: 'user_id' });
  });

  it('needs a version’s field names only for the newest version, and then a key or an aggregate', async () => {
    await database.pool.query(
      `UPDATE outbox_event_types SET newest_version = 2 WHERE event_type = 'content.post.deleted'`,
    );
    try {
      const old = { post_id: newId(), deleter_id: newId() };
      expect((await refusal(publish('content.post.deleted', old))).message).toMatch(/user_id is required/);
      const id = await publish('content.post.deleted', old, ', schema_version => 1');
      expect(await rowOf(id)).toMatchObject([{ aggregate_id: old.post_id, schema_version: 1 }]);
      const none = await refusal(publish('content.post.deleted', { id: 1 }, ', schema_version => 1'));
      expect(none.message).toMatch(/no UUID in post_id to take it from; give aggregate_id/);
    } finally {
      await database.pool.query(`UPDATE outbox_event_types SET newest_version = 1`);
    }
  });
});

describe('nova_publish_many', () => {
  const many = async (events: unknown) =>
    (await service.query<{ id: string }>('SELECT nova.nova_publish_many($1::jsonb) AS id', [JSON.stringify(events)]))
      .rows;

  it('writes all in the order of the list, and returns their ids in that order', async () => {
    const [one, other] = [post(), post()];
    const given = randomUUID();
    const ids = await many([
      { type: 'content.post.created', payload: one, id: given },
      { type: 'content.post.created', payload: other, priority: 'high' },
      { type: 'content.post.deleted', payload: one },
    ]);
    expect(ids).toHaveLength(3);
    expect(ids[0]).toEqual({ id: given });
    const [first, second, third] = (await Promise.all(ids.map(({ id }) => rowOf(id)))).flat();
    expect(first).toMatchObject({ event_type: 'content.post.created', aggregate_id: one.post_id, priority: 2 });
    expect(second).toMatchObject({ aggregate_id: other.post_id, priority: 1, payload: other });
    expect(third).toMatchObject({ event_type: 'content.post.deleted', aggregate_id: one.post_id });
    expect(third!.sequence).toBeGreaterThan(first!.sequence);
    expect(await many([])).toEqual([]);
  });

  it('writes none when one is refused, and says which', async () => {
    const good = { type: 'content.post.created', payload: post() };
    const count = async () => (await database.pool.query('SELECT FROM outbox_events')).rowCount;
    const before = await count();
    const refused = async (...events: unknown[]) => (await refusal(many(events))).message;
    expect(await refused(good, { type: 'content.post.created', payload: {} })).toMatch(
      /^INVALID_PAYLOAD: event 2 of 2: content\.post\.created: field post_id/,
    );
    expect(await refused(good, { type: 'content.post.created', payload: post(), id: 'order-17' })).toMatch(
      /event 2 of 2: id is not a UUID/,
    );
    expect(await refused({ ...good, aggregate: newId() })).toMatch(
      /event 1 of 1: has a field "aggregate" that nova_publish does not take/,
    );
    expect(await refused('x')).toMatch(/must be an object/);
    expect((await refusal(many({}))).message).toMatch(/takes a JSON array/);
    expect(await count()).toBe(before);
  });

  it('locks aggregates in one order, so that two calls with the same aggregates do not block each other', async () => {
    const posts = Array.from({ length: 40 }, post);
    const events = posts.map((payload) => ({ type: 'content.post.created', payload }));
    const other = new Client({ connectionString: (await makeLogins(database.url)).publisher });
    await other.connect();
    const reversed = JSON.stringify([...events].reverse());
    try {
      for (let round = 0; round < 10; round++) {
        await Promise.all([many(events), other.query('SELECT nova.nova_publish_many($1::jsonb)', [reversed])]);
      }
    } finally {
      await other.end();
    }
  });
});
