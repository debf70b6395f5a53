import { trace } from '@opentelemetry/api';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { type Redis } from 'ioredis';
import { type EventRef } from '../../../contracts/event-ref';
import { startOptions } from '../../../runtime/start-options';
import { createTestClient } from '../../support/temporal';
import { publish } from '../../../client/publish';
import { Subscriber } from '../../../client/subscriber';
import { topicOf } from '../../../client/topic-of';
import { type MailSink, startMailSink } from '../../../proof/observe/mail-sink';
import { createKafka } from '../../../runtime/kafka';
import { inTransaction } from '../../../runtime/postgres';
import { createRedis } from '../../../runtime/redis';
import { type TestDatabase, createTestDatabase } from '../../support/database';
import { insertEvent, newId } from '../../support/events';
import { silentLogger } from '../../support/logger';
import { type ReceivedSpan, startOtlpReceiver } from '../../support/otlp-receiver';
import { type OwnProcess, type OwnSystem, createOwnSystem, untilReady } from '../../support/own-system';
import { servers } from '../../support/servers';
import { waitFor } from '../../support/wait-for';

const user = newId();
const alert = (id: string) => ({
  type: 'security.alert.raised' as const,
  payload: { alert_id: id, user_id: user, kind: 'new_login' as const },
});

let database: TestDatabase;
let mails: MailSink;
let collector: Awaited<ReturnType<typeof startOtlpReceiver>>;
let system: OwnSystem;
let bridge: OwnProcess;
let workers: OwnProcess;
const ofService = new InMemorySpanExporter();
let provider: NodeTracerProvider;
let redis: Redis;
let subscriber: Subscriber;
const errors: string[] = [];
const heard: { readonly eventId: string; readonly activeSpan: string | undefined }[] = [];

beforeAll(async () => {
  [database, mails, collector] = await Promise.all([createTestDatabase(), startMailSink(), startOtlpReceiver()]);
  await database.pool.query(
    `INSERT INTO user_profiles (user_id, username, email, state, sequence) VALUES ($1, 'owner', 'owner@example.org', 'active', 0)`,
    [user],
  );
  const otlp = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_BSP_SCHEDULE_DELAY: '100' };
  system = await createOwnSystem(servers(), database.url, { ...otlp, SMTP_URL: mails.url, LOG_LEVEL: 'debug' });
  [bridge, workers] = await Promise.all([system.startBridge(), system.startWorkers()]);
  await untilReady(bridge, workers);
  // This process is a service that traces. Its exporter keeps the spans: that of OTLP cannot load its transport inside jest.
  provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(ofService)] });
  provider.register();
  redis = createRedis({ url: servers().redisUrl, keyPrefix: `${system.prefix}:`, logger: silentLogger });
  await redis.connect();
  subscriber = new Subscriber({
    kafka: createKafka({ kafkaBrokers: servers().kafkaBrokers.split(',') }, 'traces', silentLogger),
    redis,
    name: `${system.prefix}-heard`,
    topics: [topicOf('security.alert.raised', system.prefix)],
    handle: async ({ eventId }) =>
      void heard.push({ eventId, activeSpan: trace.getActiveSpan()?.spanContext().spanId }),
    onError: (error) => errors.push(error.message),
  });
  await subscriber.start();
});

afterAll(async () => {
  await subscriber?.stop();
  redis?.disconnect();
  await provider?.shutdown();
  const ends = await Promise.allSettled([system?.close()]);
  await Promise.allSettled([database?.drop(), mails?.close(), collector?.close()]);
  expect(ends).toEqual([{ status: 'fulfilled', value: undefined }]);
});

/** A span of this event, as soon as the collector has it. */
const spanOfEvent = (name: string, id: string) =>
  waitFor(() => collector.spans.find((span) => span.name === name && span.attributes['nova.event.id'] === id), {
    what: `the span ${name} of ${id}`,
  });

function spansOf(traceId: string): Pick<ReceivedSpan, 'service' | 'name' | 'spanId' | 'parentSpanId' | 'attributes'>[] {
  const own = ofService
    .getFinishedSpans()
    .filter((span) => span.spanContext().traceId === traceId)
    .map((span) => ({
      ...{ name: span.name, attributes: span.attributes, service: 'a service' },
      ...{ spanId: span.spanContext().spanId, parentSpanId: span.parentSpanContext?.spanId },
    }));
  return [...own, ...collector.of(traceId)];
}

/** The spans of a trace by name, each with the name of its parent. */
function treeOf(traceId: string): Record<string, { service: string; parent: string | undefined }> {
  const spans = spansOf(traceId);
  const nameOf = new Map(spans.map(({ spanId, name }) => [spanId, name]));
  return Object.fromEntries(
    spans.map(({ name, service, parentSpanId }) => [
      name,
      { service, parent: parentSpanId === undefined ? undefined : (nameOf.get(parentSpanId) ?? parentSpanId) },
    ]),
  );
}

/** The tree of the whole trace of an event that was handled. */
function wholeTrace(traceId: string, eventId: string) {
  const last = ['notificationWorkflow', 'send email', 'handle security.alert.raised'];
  return waitFor(() => {
    const tree = treeOf(traceId);
    if (last.every((name) => name in tree) && heard.some((event) => event.eventId === eventId)) return tree;
    throw new Error(`${errors.join('; ')} ${JSON.stringify(tree)}`);
  });
}

it('shows one trace from the insert of a service to the handler of another, with each step below its cause', async () => {
  const id = newId();
  const traceId = await provider.getTracer('service').startActiveSpan('raise an alert', async (span) => {
    await inTransaction(database.pool, (tx) => publish(tx, { ...alert(id), id }));
    span.end();
    return span.spanContext().traceId;
  });
  const tree = await wholeTrace(traceId, id);
  const [bridges, inWorkers, services] = ['nova-bridge', 'nova-workers', 'a service'];
  expect(tree).toMatchObject({
    'raise an alert': { service: services, parent: undefined },
    'claim and start': { service: bridges, parent: 'raise an alert' },
    notificationWorkflow: { service: inWorkers, parent: 'claim and start' },
    notifyDeliver: { service: inWorkers, parent: 'notificationWorkflow' },
    'send email': { service: inWorkers, parent: 'notifyDeliver' },
    emitEvent: { service: inWorkers, parent: 'notificationWorkflow' },
    'send security.alert.raised': { service: inWorkers, parent: 'emitEvent' },
    'handle security.alert.raised': { service: services, parent: 'send security.alert.raised' },
  });
  const handled = spansOf(traceId).find(({ name }) => name.startsWith('handle'));
  expect(heard.find(({ eventId }) => eventId === id)).toMatchObject({ activeSpan: handled?.spanId });
  expect(spansOf(traceId).find(({ name }) => name === 'emitEvent')?.attributes).toMatchObject({
    'nova.event.id': id,
    'nova.event.type': 'security.alert.raised',
    'nova.aggregate.id': user,
  });
  const lines = [...bridge.lines(), ...workers.lines()].filter(
    ({ event_id: of, msg }) => of === id && !/^(Workflow|Activity) started$/.test(String(msg)),
  );
  expect(lines.length).toBeGreaterThan(2);
  expect(lines.filter(({ trace_id: of }) => of !== traceId)).toEqual([]);
});

it.each(['x'.repeat(2_000_000), `00-${'0'.repeat(32)}-b7ad6b7169203331-01`, ''])(
  'delivers an event whose trace context is malformed like every other, in a trace that begins at the bridge',
  async (traceparent) => {
    const id = newId();
    await database.pool.query(
      'INSERT INTO outbox_events (id, aggregate_id, event_type, payload, traceparent) VALUES ($1, $1, $2, $3, $4)',
      [id, 'security.alert.raised', JSON.stringify(alert(id).payload), traceparent],
    );
    const start = await waitFor(() =>
      collector.spans.find(({ name, attributes }) => name === 'claim and start' && attributes['nova.event.id'] === id),
    );
    expect(start.parentSpanId).toBeUndefined();
    const tree = await wholeTrace(start.traceId, id);
    expect(tree['handle security.alert.raised']).toMatchObject({ parent: 'send security.alert.raised' });
  },
);

it('shows what failed as an error, with its code: a start that is refused, a try of an activity, and its run', async () => {
  const bad = newId();
  await database.pool.query(
    `INSERT INTO outbox_events (id, aggregate_id, event_type, payload) VALUES ($1, $1, 'security.alert.raised', '{"nonsense": true}')`,
    [bad],
  );
  const refused = await spanOfEvent('claim and start', bad);
  expect(refused).toMatchObject({ status: 2, attributes: { 'error.type': 'INVALID_PAYLOAD' } });

  // Its row is gone before it is read.
  const { eventId: lost } = await insertEvent(database.pool, 'message.edited', {
    ...{ message_id: newId(), conversation_id: newId(), editor_id: newId() },
  });
  const ref = (
    await database.pool.query<{ sequence: number }>('SELECT sequence FROM outbox_events WHERE id = $1', [lost])
  ).rows[0];
  await database.pool.query('DELETE FROM outbox_events WHERE id = $1', [lost]);
  const client = await createTestClient();
  const event: EventRef = {
    ...{
      eventId: lost,
      eventType: 'message.edited',
      schemaVersion: 1,
      aggregateType: 'conversation',
      aggregateId: newId(),
    },
    ...{ sequence: ref?.sequence ?? 1, createdAt: new Date().toISOString(), createdAtMs: Date.now(), priority: 1 },
    traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
  };
  const options = startOptions({ ref: event, workflowType: 'emitWorkflow' }, { taskQueuePrefix: system.prefix });
  await expect((await client.workflow.start('emitWorkflow', options)).result()).rejects.toThrow();
  await client.connection.close();
  const [run, tried] = [await spanOfEvent('emitWorkflow', lost), await spanOfEvent('emitEvent', lost)];
  expect(tried).toMatchObject({ status: 2, attributes: { 'error.type': 'EVENT_NOT_FOUND' }, parentSpanId: run.spanId });
  expect(run.status).toBe(2);
});

it('begins the span of a start with the claim, and says how long the row had waited', async () => {
  const id = newId();
  await database.pool.query(
    `INSERT INTO outbox_events (id, aggregate_id, event_type, payload, created_at) VALUES ($1, $1, $2, $3, now() - interval '1 minute')`,
    [id, 'security.alert.raised', JSON.stringify(alert(id).payload)],
  );
  const start = await spanOfEvent('claim and start', id);
  const run = await spanOfEvent('notificationWorkflow', id);
  expect(Number(start.attributes['nova.outbox.waited_ms'])).toBeGreaterThanOrEqual(60_000);
  expect(start.beganMs).toBeLessThan(run.beganMs);
});

it('sends at its end what it has not sent, and nothing where OTEL_SDK_DISABLED says so', async () => {
  await bridge.stop();
  const silent = await system.startBridge({ OTEL_SDK_DISABLED: 'true' });
  const first = newId();
  await inTransaction(database.pool, (tx) => publish(tx, { ...alert(first), id: first }));
  const started = (id: string) =>
    waitFor(
      async () =>
        (await database.pool.query('SELECT FROM outbox_events WHERE id = $1 AND published_at IS NOT NULL', [id])).rows
          .length === 1,
    );
  await started(first);
  await silent.stop();
  expect(silent.lines().filter(({ msg }) => String(msg).includes('traced'))).toEqual([]);

  const rare = await system.startBridge({ OTEL_BSP_SCHEDULE_DELAY: '3600000' });
  const second = newId();
  await inTransaction(database.pool, (tx) => publish(tx, { ...alert(second), id: second }));
  await started(second);
  await rare.stop();
  await spanOfEvent('claim and start', second);
  expect(
    collector.spans.filter(({ attributes }) => attributes['nova.event.id'] === first && attributes['nova.claim.count']),
  ).toEqual([]);
});
