import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { logLevel } from 'kafkajs';
import { KafkaEventSink } from '../../../../activities/emit/kafka-event-sink';
import { PgEmitLog } from '../../../../activities/emit/pg-emit-log';
import { flushEmits } from '../../../../activities/emit/flush-emits';
import { type EventRef } from '../../../../contracts/event-ref';
import { NovaError } from '../../../../contracts/failures';
import { Kafka } from '../../../../runtime/kafkajs-repaired';
import { type TestDatabase, createTestDatabase } from '../../../support/database';
import { insertEvent, newId } from '../../../support/events';
import { type FaultProxy, startFaultProxy } from '../../../support/fault-proxy';
import { type TestTopics, createTestTopics } from '../../../support/kafka';
import { silentLogger } from '../../../support/logger';
import { servers } from '../../../support/servers';

let database: TestDatabase;
let topics: TestTopics;
let proxy: FaultProxy;
let sink: KafkaEventSink;

beforeAll(async () => {
  [database, topics] = await Promise.all([createTestDatabase(), createTestTopics(['message'])]);
  const [host = '', port] = servers().kafkaBrokers.split(':');
  proxy = await startFaultProxy({ host, port: Number(port) });
  const kafka = new Kafka({
    clientId: 'nova-test',
    brokers: [`${host}:${port}`],
    logLevel: logLevel.NOTHING,
    requestTimeout: 5_000,
    // Whatever address the broker names, the way leads through the proxy.
    socketFactory: ({ onConnect }) => connect(proxy.port, '127.0.0.1', onConnect),
  });
  sink = new KafkaEventSink(kafka, silentLogger, { sendTimeoutMs: 5_000, compression: 'none', reconnectMs: 200 });
  await sink.connect();
});

afterAll(async () => {
  await sink.close();
  await proxy.close();
  await Promise.all([database.drop(), topics.drop()]);
});

const marked = async (): Promise<number> =>
  (await database.pool.query('SELECT 1 FROM outbox_events WHERE emitted_at IS NOT NULL')).rowCount ?? 0;

it('marks something at every flush, and sends nothing twice, while each request takes a second more', async () => {
  // 3.6 MB that do not compress, in messages that each need a request of their own: 24 seconds of sending.
  const conversation = newId();
  const refs: EventRef[] = [];
  while (refs.length < 24)
    refs.push(
      await insertEvent(database.pool, 'message.edited', {
        message_id: newId(),
        conversation_id: conversation,
        editor_id: newId(),
        filler: randomBytes(75_000).toString('hex'),
      }),
    );
  proxy.set({ replyDelayMs: 1_000 });
  const deps = { log: new PgEmitLog(database.pool), sink, topics: topics.topics, logger: silentLogger };
  let waiting: readonly EventRef[] = refs;
  let doubtful = 0;
  for (let before = 0; waiting.length > 0;) {
    const outcomes = await flushEmits(deps, waiting);
    waiting = waiting.filter(({ eventId }) => outcomes.get(eventId) !== 'emitted');
    const now = await marked();
    const failed = [...outcomes.values()].filter((outcome) => outcome instanceof NovaError);
    doubtful += failed.length;
    // A request that took a starved machine longer than the product waits for one: that flush shows nothing.
    expect(now).toBeGreaterThanOrEqual(failed.length > 0 ? before : before + 1);
    expect(now).toBe(24 - waiting.length);
    before = now;
  }
  const sent = await topics.messageCount('message');
  expect(sent).toBeGreaterThanOrEqual(24);
  // Nothing twice but what had no reply.
  expect(sent).toBeLessThanOrEqual(24 + doubtful);
});

it('says that Kafka is slow, not PostgreSQL, when not even one request ends in time', async () => {
  const [conversation, message] = [newId(), newId()];
  const ref = await insertEvent(database.pool, 'message.edited', {
    message_id: message,
    conversation_id: conversation,
    editor_id: newId(),
  });
  proxy.set('deaf');
  const deps = { log: new PgEmitLog(database.pool), sink, topics: topics.topics, logger: silentLogger };
  const outcome = (await flushEmits(deps, [ref])).get(ref.eventId);
  expect(outcome).toMatchObject({ code: 'KAFKA_UNAVAILABLE', message: expect.stringContaining('Kafka') as string });
  proxy.set('pass');
});
