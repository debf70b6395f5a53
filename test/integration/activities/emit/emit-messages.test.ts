import { readFileSync } from 'node:fs';
import { type Socket, createServer } from 'node:net';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';
import { type CloudEvent, Kafka } from 'cloudevents';
import { ConfigResourceTypes } from 'kafkajs';
import { topicPartitions } from '../../../../contracts/catalogue';
import { parseEvent } from '../../../../contracts/parse-event';
import { type TestDatabase, createTestDatabase } from '../../../support/database';
import { type TestEmitter, startEmitter } from '../../../support/emitter';
import { insertEvent, newId } from '../../../support/events';
import { type Collector, type TestTopics, collect, createTestTopics, withAdmin } from '../../../support/kafka';
import { waitFor } from '../../../support/wait-for';

let database: TestDatabase;
let topics: TestTopics;
let collector: Collector;
let emitter: TestEmitter;

beforeAll(async () => {
  [database, topics] = await Promise.all([createTestDatabase(), createTestTopics(['content', 'message'])]);
  collector = await collect(topics.kafka, [topics.topics.content, topics.topics.message]);
  emitter = await startEmitter({ databaseUrl: database.url, topics: topics.topics });
});

afterAll(async () => {
  await emitter.close();
  await collector.stop();
  await Promise.all([database.drop(), topics.drop()]);
});

const messageOf = (eventId: string) =>
  waitFor(() => collector.messages.find((message) => message.headers['event_id'] === eventId));
const rowOf = async (eventId: string) =>
  (await database.pool.query<Record<string, unknown>>('SELECT * FROM outbox_events WHERE id = $1', [eventId])).rows[0];
const post = () => ({ post_id: newId(), user_id: newId() });

it('puts the payload alone in the body and everything else in headers, keyed and routed by the catalogue', async () => {
  const payload = { message_id: newId(), conversation_id: newId(), sender_id: newId(), content: 'hello' };
  const { rows } = await database.pool.query<{ id: string; sequence: number }>(
    `INSERT INTO outbox_events (id, aggregate_id, event_type, payload, traceparent)
     VALUES ($1, $2, 'MessagePersisted', $3, '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01') RETURNING id, sequence`,
    [newId(), payload.conversation_id, payload],
  );
  const row = rows[0]!;
  const ref = await insertEvent(database.pool, 'message.persisted', payload);
  await emitter.emit(ref);

  const message = await messageOf(row.id);
  const { definition, payload: canonical } = parseEvent({
    eventType: 'message.persisted',
    aggregateId: payload.conversation_id,
    payload,
  });
  expect(message.topic).toBe(topics.topics.message);
  expect(message.key).toBe(payload.conversation_id);
  expect(message.headers).toEqual({
    event_id: row.id,
    event_type: 'message.persisted',
    schema_version: String(definition.version),
    sequence: String(row.sequence),
    'content-type': 'application/json',
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  });
  expect(JSON.parse(message.body)).toEqual(JSON.parse(JSON.stringify(canonical)));
  expect((await messageOf(ref.eventId)).headers).not.toHaveProperty('traceparent');
});

it('says the same in the headers of CloudEvents, which its own SDK reads, when that is asked for', async () => {
  const cloudEvents = { source: 'https://nova.example/side-effects', schemas: 'https://nova.example/schemas/' };
  const own = await startEmitter({ databaseUrl: database.url, topics: topics.topics, cloudEvents });
  const payload = { message_id: newId(), conversation_id: newId(), sender_id: newId(), content: 'hello' };
  const ref = await insertEvent(database.pool, 'message.persisted', payload);
  await own.emit(ref);
  await own.close();

  const { headers, body, key } = await messageOf(ref.eventId);
  const received = { headers, body, value: body, key };
  const event = Kafka.toEvent(received) as CloudEvent<unknown>;
  expect(event.validate()).toBe(true);
  const row = await rowOf(ref.eventId);
  expect(event).toMatchObject({
    specversion: '1.0',
    id: ref.eventId,
    source: cloudEvents.source,
    type: 'message.persisted',
    subject: ref.aggregateId,
    time: (row?.['created_at'] as Date).toISOString(),
    datacontenttype: 'application/json',
    dataschema: 'https://nova.example/schemas/message.persisted.v1.json',
    data: payload,
  });
  // Those that read our own headers notice nothing. All of it is as docs/asyncapi.json says.
  expect(headers).toMatchObject({ event_id: ref.eventId, event_type: event.type, schema_version: '1' });
  const schemas = addFormats(new Ajv({ strict: false }));
  schemas.addSchema(JSON.parse(readFileSync('docs/asyncapi.json', 'utf8')) as object, 'asyncapi');
  const message = 'asyncapi#/components/messages/message.persisted';
  for (const [part, value] of [
    ['headers', headers],
    ['payload', JSON.parse(body)],
  ] as const) {
    schemas.validate(`${message}/${part}`, value);
    expect(schemas.errors).toBeNull();
  }
});

const limitMessages = (bytes: number) =>
  withAdmin(topics.kafka, (admin) =>
    admin.alterConfigs({
      validateOnly: false,
      resources: [
        {
          type: ConfigResourceTypes.TOPIC,
          name: topics.topics.content,
          configEntries: [{ name: 'max.message.bytes', value: String(bytes) }],
        },
      ],
    }),
  );

it('gives up a message that is too large, alone; what is sent with it and after it goes through', async () => {
  await limitMessages(20_000);
  // The broker says "altered" before its partitions know.
  const probe = topics.kafka.producer();
  await probe.connect();
  const isRefused = (partition: number) =>
    probe.send({ topic: topics.topics.content, messages: [{ partition, value: 'x'.repeat(30_000) }] }).then(
      () => false,
      (thrown: unknown) => /larger than/.test(String(thrown)),
    );
  for (let partition = 0; partition < topicPartitions.content; partition++)
    await waitFor(() => isRefused(partition), { what: `the limit in partition ${partition}` });
  await probe.disconnect();
  const payload = post();
  const before = await insertEvent(database.pool, 'content.post.created', payload);
  const large = await insertEvent(database.pool, 'content.post.updated', { ...payload, filler: 'x'.repeat(30_000) });
  const after = await insertEvent(database.pool, 'content.post.updated', payload);
  const other = await insertEvent(database.pool, 'content.post.created', post());

  const results = await Promise.allSettled([before, large, after, other].map((ref) => emitter.emit(ref)));
  expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
  expect(results[1]).toMatchObject({ reason: { code: 'MESSAGE_REFUSED' } });
  expect(await rowOf(large.eventId)).toMatchObject({
    emitted_at: null,
    dead_lettered_at: expect.any(Date) as Date,
    last_error: expect.stringMatching(/^MESSAGE_REFUSED: /) as string,
  });
  await Promise.all([messageOf(before.eventId), messageOf(after.eventId), messageOf(other.eventId)]);
  await expect(emitter.emit(large)).rejects.toMatchObject({ code: 'MESSAGE_REFUSED' });

  await limitMessages(1_048_588);
  // As a workflow that was reset asks: the row is taken back from the dead letters.
  await waitFor(() => emitter.emit(large).then(() => true));
  expect(await rowOf(large.eventId)).toMatchObject({
    emitted_at: expect.any(Date) as Date,
    dead_lettered_at: null,
    last_error: null,
  });
});

it('sets a row aside that no longer parses, visibly, so that its aggregate goes on', async () => {
  const payload = post();
  const poison = await insertEvent(database.pool, 'content.post.created', payload);
  await database.pool.query(`UPDATE outbox_events SET payload = '{"post_id": 7}' WHERE id = $1`, [poison.eventId]);
  const next = await insertEvent(database.pool, 'content.post.updated', payload);
  await emitter.emit(next);
  await messageOf(next.eventId);
  expect(await rowOf(poison.eventId)).toMatchObject({
    emitted_at: null,
    last_error: expect.stringMatching(/^INVALID_PAYLOAD: /) as string,
  });
  await expect(emitter.emit(poison)).rejects.toMatchObject({ code: 'INVALID_PAYLOAD' });
});

it('leaves a poison row that is not started to the bridge', async () => {
  const payload = post();
  const poison = await insertEvent(database.pool, 'content.post.created', payload, { started: false });
  await database.pool.query(`UPDATE outbox_events SET payload = '{"post_id": 7}' WHERE id = $1`, [poison.eventId]);
  await emitter.emit(await insertEvent(database.pool, 'content.post.updated', payload));
  expect(await rowOf(poison.eventId)).toMatchObject({ dead_lettered_at: null, last_error: null });
});

it('names a row that is gone', async () => {
  const ref = await insertEvent(database.pool, 'content.post.created', post());
  await database.pool.query('DELETE FROM outbox_events WHERE id = $1', [ref.eventId]);
  await expect(emitter.emit(ref)).rejects.toMatchObject({ code: 'EVENT_NOT_FOUND' });
});

it('fails the events of a missing topic with its name, and only those', async () => {
  const missing = { ...topics.topics, message: `${topics.prefix}.nowhere` };
  const own = await startEmitter({ databaseUrl: database.url, topics: missing });
  const ids = { message_id: newId(), conversation_id: newId(), sender_id: newId(), content: 'hello' };
  const homeless = await insertEvent(database.pool, 'message.persisted', ids);
  const fine = await Promise.all([1, 2, 3].map(() => insertEvent(database.pool, 'content.post.created', post())));
  const results = await Promise.allSettled([homeless, ...fine].map((ref) => own.emit(ref)));
  await own.close();
  expect(results[0]).toMatchObject({
    reason: { code: 'TOPIC_MISSING', message: expect.stringContaining('.nowhere') as string },
  });
  expect(results.slice(1).every((result) => result.status === 'fulfilled')).toBe(true);
});

it('refuses at once while the broker is known to be away', async () => {
  const broker = await silentBroker();
  const own = await startEmitter({ databaseUrl: database.url, topics: topics.topics, brokers: broker.address });
  broker.holdOn();
  // The way to the broker is being tried, and no try ends before the test does.
  await waitFor(() => broker.held.length > 0);
  const ref = await insertEvent(database.pool, 'content.post.created', post());
  for (let i = 0; i < 5; i++) await expect(own.emit(ref)).rejects.toMatchObject({ code: 'KAFKA_UNAVAILABLE' });
  expect(broker.held.map(({ closed }) => closed)).toEqual([false]);
  await Promise.all([own.close(), broker.close()]);
});

/** Hangs up on everyone, and later keeps the connections and says nothing. */
async function silentBroker() {
  const held: Socket[] = [];
  let holds = false;
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    if (holds) held.push(socket);
    else socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${(server.address() as { port: number }).port}`,
    held: held as readonly Socket[],
    holdOn: () => void (holds = true),
    close: () => {
      const closed = new Promise((resolve) => server.close(resolve));
      holds = false;
      for (const socket of held) socket.destroy();
      return closed;
    },
  };
}
