import { randomUUID } from 'node:crypto';
import { publish } from '../../../client/publish';
import { publishMany } from '../../../client/publish-many';
import { viaPostgresJs } from '../../../client/postgres-js';
import { recordingTransaction } from '../../../client/testing';

const post = () => ({ post_id: randomUUID(), user_id: randomUUID() });

it('records what publish and publishMany would write, with defaults and in order', async () => {
  const outbox = recordingTransaction();
  const [first, second, third] = [post(), post(), post()];
  const { id } = await publish(outbox, { type: 'content.post.created', payload: { ...first, caption: 'hi' } });
  await publishMany(outbox, [
    { type: 'content.post.deleted', payload: second, priority: 'low' },
    { type: 'content.post.created', payload: third },
  ]);
  expect(outbox.events).toEqual([
    expect.objectContaining({
      id,
      type: 'content.post.created',
      aggregateId: first.post_id,
      aggregateType: 'post',
      priority: 'normal',
      schemaVersion: 1,
      traceparent: null,
      payload: { ...first, caption: 'hi', media_type: 'none', status: 'published' },
    }),
    expect.objectContaining({ type: 'content.post.deleted', aggregateId: second.post_id, priority: 'low' }),
    expect.objectContaining({ type: 'content.post.created', aggregateId: third.post_id }),
  ]);
  const captions: string[] = outbox.eventsOf('content.post.created').map(({ payload }) => payload.caption);
  expect(captions).toEqual(['hi', '']);
  outbox.clear();
  expect(outbox.events).toEqual([]);
});

it('validates as the real one does, and records nothing of what is refused', async () => {
  const outbox = recordingTransaction();
  const wrong = { ...post(), user_id: 'ann' };
  await expect(publish(outbox, { type: 'content.post.created', payload: wrong })).rejects.toMatchObject({
    code: 'INVALID_PAYLOAD',
    message: expect.stringContaining('user_id') as unknown,
  });
  await expect(
    publish(outbox, { type: 'content.post.created', payload: post(), id: 'order-17' }),
  ).rejects.toMatchObject({ code: 'INVALID_ROW', message: expect.stringContaining('id must be a UUID') as unknown });
  expect(outbox.events).toEqual([]);
});

it('warns once of a field that is probably misspelt, and keeps it', async () => {
  const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  const outbox = recordingTransaction();
  const misspelt = { ...post(), captoin: 'hi', colour: 'red' };
  await publish(outbox, { type: 'content.post.created', payload: misspelt });
  await publishMany(outbox, [{ type: 'content.post.created', payload: misspelt }]);
  expect(warn.mock.calls).toEqual([
    [
      'content.post.created: the payload has a field "captoin" that its schema does not know; it is kept and sent on. Did you mean caption?',
      { type: 'NovaWarning', code: 'NOVA_UNKNOWN_FIELD' },
    ],
  ]);
  expect(outbox.events.map(({ payload }) => payload)).toEqual([
    expect.objectContaining(misspelt),
    expect.objectContaining(misspelt),
  ]);
});

it('suggests a priority', async () => {
  const event = { type: 'content.post.created', payload: post(), priority: 'hihg' as 'high' } as const;
  await expect(publish(recordingTransaction(), event)).rejects.toThrow(
    'INVALID_ROW: priority of content.post.created is hihg; give one of critical, high, normal, low; did you mean high?',
  );
});

it('records with the schema of another deployment too, and hands other statements on', async () => {
  const asked: unknown[] = [];
  const outbox = recordingTransaction(async (text, values) => asked.push([text, values]));
  await outbox.query('INSERT INTO posts VALUES ($1)', ['x']);
  await publish(outbox, { type: 'content.post.created', payload: post() }, { schema: 'other' });
  expect(asked).toEqual([['INSERT INTO posts VALUES ($1)', ['x']]]);
  expect(outbox.events).toHaveLength(1);
  await expect(recordingTransaction().query('SELECT 1', [])).resolves.toEqual({ rows: [], rowCount: 0 });
});

it('takes the transaction of postgres.js', async () => {
  const outbox = recordingTransaction();
  const sql = { unsafe: (text: string, values: never[]) => outbox.query(text, values) };
  await publish(viaPostgresJs(sql), { type: 'content.post.created', payload: post() });
  expect(outbox.events).toHaveLength(1);
});
