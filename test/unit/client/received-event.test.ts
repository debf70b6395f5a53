import { receivedEvent } from '../../../client/received-event';
import { publish } from '../../../client/publish';

const headers = { event_id: 'e', event_type: 'follow.added', schema_version: '1', sequence: '9007199254740991' };
const message = (value: string) => ({
  key: Buffer.from('k'),
  value: Buffer.from(value),
  headers: Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)])),
  timestamp: '0',
  attributes: 0,
  offset: '0',
});

it('hands out the text beside the value, since JSON.parse changes long numbers', () => {
  const text = '{"revision_id":1234567890123456789}';
  const event = receivedEvent('t', message(text));
  expect(event.body).toBe(text);
  expect(event.payload).toEqual(JSON.parse(text));
  expect(event.sequence).toBe(9007199254740991);
});

it('says what to do with a BigInt before anything is written', async () => {
  const payload = { post_id: '00000000-0000-4000-8000-000000000001', user_id: '00000000-0000-4000-8000-000000000002' };
  const refused = publish(
    { query: () => Promise.reject(new Error('must not be asked')) },
    { type: 'content.post.deleted', payload: { ...payload, ...{ revision_id: 1234567890123456789n } } },
  );
  await expect(refused).rejects.toMatchObject({
    code: 'INVALID_PAYLOAD',
    message: expect.stringContaining(
      'revision_id: a BigInt, which JSON.stringify cannot write; give it as a string',
    ) as string,
  });
});
