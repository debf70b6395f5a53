import { type AnyNewEvent, publishMany } from '../../../client/publish-many';
import { publish } from '../../../client/publish';
import { inTransaction } from '../../../runtime/postgres';
import { type TestDatabase, createTestDatabase } from '../../support/database';
import { newId } from '../../support/events';
import { underWay } from '../../support/server-activity';
import { waitFor } from '../../support/wait-for';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const created = (postId = newId(), userId = newId()): AnyNewEvent => ({
  type: 'content.post.created',
  payload: { post_id: postId, user_id: userId },
});
const deleted = (postId: string): AnyNewEvent => ({
  type: 'content.post.deleted',
  payload: { post_id: postId, user_id: newId() },
});
const count = async () =>
  (await database.pool.query<{ n: number }>('SELECT count(*) AS n FROM outbox_events')).rows[0]!.n;

it('inserts the same rows as publish, and returns their ids in the order given', async () => {
  const [post, user, message] = [newId(), newId(), newId()];
  const events = [
    { ...created(post, user), traceparent: '00-abc-def-01' },
    {
      type: 'message.persisted',
      payload: { message_id: message, conversation_id: newId(), sender_id: user, content: 'Zoë said "hi" \\ 🎈' },
      priority: 'low',
      id: newId(),
    },
    deleted(post),
  ] as const satisfies AnyNewEvent[];
  const published = await inTransaction(database.pool, (tx) => publishMany(tx, events));
  expect(published.map(({ aggregateId }) => aggregateId)).toEqual([post, events[1].payload.conversation_id, post]);
  expect(published[1]?.id).toBe(events[1].id);
  const singly = await inTransaction(database.pool, async (tx) => [
    await publish(tx, { ...events[0], id: newId() }),
    await publish(tx, { ...events[1], id: newId() }),
    await publish(tx, { ...events[2], id: newId() }),
  ]);
  const rows = async (ids: readonly { id: string }[]) => {
    const columns = 'aggregate_id, aggregate_type, event_type, payload, priority, schema_version, traceparent';
    const text = `SELECT ${columns} FROM unnest($1::uuid[]) WITH ORDINALITY AS g (id, n) JOIN outbox_events o USING (id) ORDER BY n`;
    return (await database.pool.query(text, [ids.map(({ id }) => id)])).rows as unknown[];
  };
  expect(await rows(published)).toHaveLength(3);
  expect(await rows(published)).toEqual(await rows(singly));
});

it('keeps the order of the events of one aggregate, however many others are between them', async () => {
  const posts = Array.from({ length: 20 }, () => newId());
  const events = [...posts.map((post) => created(post)), ...[...posts].reverse().map(deleted)];
  const ids = (await inTransaction(database.pool, (tx) => publishMany(tx, events))).map(({ id }) => id);
  const { rows } = await database.pool.query<{ types: string[] }>(
    `SELECT array_agg(event_type ORDER BY sequence) AS types FROM outbox_events WHERE id = ANY ($1) GROUP BY aggregate_id`,
    [ids],
  );
  expect(rows).toHaveLength(20);
  for (const { types } of rows) expect(types).toEqual(['content.post.created', 'content.post.deleted']);
});

it('makes two writers of the same aggregates in opposite order wait for each other, without a deadlock', async () => {
  const posts = Array.from({ length: 200 }, () => newId()).sort();
  const [up, down] = [posts.map((post) => created(post)), [...posts].reverse().map(deleted)];
  const middle = posts[100] as string;
  let writers: Promise<PromiseSettledResult<unknown>[]> | undefined;
  // Holds one aggregate in the middle until both writers have locked what is before it in their order.
  await inTransaction(database.pool, async (tx) => {
    await publish(tx, { type: 'content.post.created', payload: { post_id: middle, user_id: newId() } });
    const both = [up, down].map((events) => inTransaction(database.pool, (own) => publishMany(own, events)));
    writers = Promise.allSettled(both);
    const waiting = () => underWay(database.pool, { waitsForLock: true, query: '%json_to_recordset%' });
    await waitFor(async () => (await waiting()).length === 2, { what: 'two writers that wait' });
  });
  const outcomes = ((await writers) ?? []).map((outcome) =>
    outcome.status === 'rejected' ? (outcome.reason as Error) : outcome.status,
  );
  expect(outcomes).toEqual(['fulfilled', 'fulfilled']);
});
it('inserts ten thousand events by one statement', async () => {
  const events = Array.from({ length: 10_000 }, () => created());
  const published = await inTransaction(database.pool, (tx) => publishMany(tx, events));
  expect(published.map(({ aggregateId }) => aggregateId)).toEqual(
    events.map(({ payload }) => (payload as { post_id: string }).post_id),
  );
  const { rows } = await database.pool.query<{ n: number }>(
    'SELECT count(*) AS n FROM outbox_events WHERE id = ANY ($1)',
    [published.map(({ id }) => id)],
  );
  expect(rows[0]?.n).toBe(10_000);
});

describe('one bad event', () => {
  const statements: string[] = [];
  const tx = {
    query: (sql: string, values: unknown[]) => {
      statements.push(sql);
      return database.pool.query(sql, values);
    },
  };
  it.each([
    [
      'a field that is missing',
      { type: 'content.post.created', payload: { user_id: newId() } },
      /^INVALID_PAYLOAD: events\[2\]: payload of content.post.created v1: post_id: /,
    ],
    [
      'an unknown type',
      { type: 'content.post.crated', payload: {} },
      /^UNKNOWN_EVENT_TYPE: events\[2\]: event type "content.post.crated"/,
    ],
    [
      'an id that is none',
      { ...created(), id: 'order-17' },
      /^INVALID_ROW: events\[2\]: id must be a UUID, got "order-17"/,
    ],
    [
      'an aggregate that is not its key',
      { ...created(), aggregateId: newId() },
      /^INVALID_ROW: events\[2\]: aggregate_id of content.post.created must be its post_id/,
    ],
    [
      'a priority that is none',
      { ...created(), priority: 'urgent' },
      /^INVALID_ROW: events\[2\]: priority of content.post.created is urgent; give one of critical, high, normal, low/,
    ],
    [
      'a payload that is too large',
      {
        type: 'message.persisted',
        payload: { message_id: newId(), conversation_id: newId(), sender_id: newId(), filler: 'x'.repeat(800_000) },
      },
      /^PAYLOAD_TOO_LARGE: events\[2\]: /,
    ],
  ])('writes nothing and is named by its place: %s', async (_, bad, message) => {
    const before = await count();
    const events = [created(), created(), bad as AnyNewEvent, created()];
    await expect(publishMany(tx, events)).rejects.toThrow(message);
    expect(statements).toEqual([]);
    expect(await count()).toBe(before);
  });

  it('is one whose id another has', async () => {
    const id = newId();
    const events = [created(), { ...created(), id }, { ...created(), id: id.toUpperCase() }];
    await expect(publishMany(tx, events)).rejects.toThrow('INVALID_ROW: events[2]: its id is that of events[1]');
    expect(statements).toEqual([]);
  });

  it('is none among no events, for which nothing is sent', async () => {
    expect(await publishMany(tx, [])).toEqual([]);
    expect(statements).toEqual([]);
  });
});
