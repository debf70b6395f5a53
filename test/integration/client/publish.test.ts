import { publish } from '../../../client/publish';
import { publishMany } from '../../../client/publish-many';
import { inTransaction } from '../../../runtime/postgres';
import { type TestDatabase, createTestDatabase } from '../../support/database';
import { newId } from '../../support/events';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const count = async () =>
  (await database.pool.query<{ n: number }>('SELECT count(*) AS n FROM outbox_events')).rows[0]!.n;

describe('publish', () => {
  it('inserts the row in the caller’s transaction, with the type’s priority and the payload’s defaults', async () => {
    const [post, user] = [newId(), newId()];
    const event = await inTransaction(database.pool, (tx) =>
      publish(tx, {
        type: 'content.post.created',
        payload: { post_id: post, user_id: user },
        traceparent: '00-abc-def-01',
      }),
    );
    const { rows } = await database.pool.query(
      'SELECT aggregate_id, aggregate_type, event_type, priority, schema_version, payload, traceparent FROM outbox_events WHERE id = $1',
      [event.id],
    );
    expect(rows).toEqual([
      {
        aggregate_id: post,
        aggregate_type: 'post',
        event_type: 'content.post.created',
        priority: 2,
        schema_version: 1,
        traceparent: '00-abc-def-01',
        payload: { post_id: post, user_id: user, caption: '', media_type: 'none', status: 'published' },
      },
    ]);
  });

  it('leaves nothing behind when the transaction rolls back', async () => {
    const before = await count();
    await expect(
      inTransaction(database.pool, async (tx) => {
        await publish(tx, { type: 'content.post.deleted', payload: { post_id: newId(), user_id: newId() } });
        throw new Error('business failed');
      }),
    ).rejects.toThrow('business failed');
    expect(await count()).toBe(before);
  });

  it('warns, once each, that an event without a transaction has committed by itself', async () => {
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const event = () => ({ type: 'content.post.deleted', payload: { post_id: newId(), user_id: newId() } }) as const;
    const client = await database.pool.connect();
    try {
      await publish(database.pool, event(), { alone: true });
      await publishMany(client, [event()], { alone: true });
      await client.query('BEGIN');
      await publish(client, event());
      await client.query('COMMIT');
      expect(warn).not.toHaveBeenCalled();
      for (let time = 0; time < 2; time++) {
        await publish(client, event());
        await publishMany(database.pool, [event()]);
      }
      const code = { type: 'NovaWarning', code: 'NOVA_NO_TRANSACTION' };
      expect(warn.mock.calls).toEqual([
        [expect.stringMatching(/^publish was given a client without an open transaction: .*alone: true/), code],
        [expect.stringMatching(/^publish was given a Pool: the event has committed by itself/), code],
      ]);
    } finally {
      client.release();
    }
  });

  it('refuses what does not fit before anything reaches the database, naming the field and never its value', async () => {
    const before = await count();
    const bad = {
      type: 'identity.user.created',
      payload: { user_id: 'x', username: 'a', email: 'secret-not-an-address' },
    } as const;
    await expect(publish(database.pool, bad)).rejects.toThrow(/^INVALID_PAYLOAD: .*user_id.*email/);
    await expect(publish(database.pool, bad)).rejects.not.toThrow(/secret/);
    await expect(
      publish(database.pool, {
        type: 'message.persisted',
        payload: { message_id: newId(), conversation_id: newId(), sender_id: newId(), encrypted: true, content: 'hi' },
      }),
    ).rejects.toThrow(/must not carry its plaintext/);
    await expect(
      publish(database.pool, {
        type: 'message.persisted',
        payload: {
          message_id: newId(),
          conversation_id: newId(),
          sender_id: newId(),
          ...{ filler: 'x'.repeat(800_000) },
        },
      }),
    ).rejects.toThrow(/^PAYLOAD_TOO_LARGE: .*limit is 786432/);
    expect(await count()).toBe(before);
  });
});
