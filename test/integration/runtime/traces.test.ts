import { trace } from '@opentelemetry/api';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { type Redis } from 'ioredis';
import { publish } from '../../../client/publish';
import { Subscriber } from '../../../client/subscriber';
import { topicOf } from '../../../client/topic-of';
import { type MailSink, startMailSink } from '../../../proof/observe/mail-sink';
import { createKafka } from '../../../runtime/kafka';
import { inTransaction } from '../../../runtime/postgres';
import { createRedis } from '../../../runtime/redis';
import { type TestDatabase, createTestDatabase } from '../../support/database';
import { newId } from '../../support/events';
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
