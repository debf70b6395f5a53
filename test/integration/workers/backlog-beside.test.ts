import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { type EventRef } from '../../../contracts/event-ref';
import { environmentOf } from '../../../dev/stack/addresses';
import { composeBridge } from '../../../outbox-bridge/compose';
import { bridgeSettings } from '../../../outbox-bridge/settings';
import { configFrom } from '../../../runtime/config';
import { type Service } from '../../../runtime/lifecycle';
import { createActivities } from '../../../workers/compose';
import { Dependencies } from '../../../workers/dependencies';
import { workerSettings } from '../../../workers/settings';
import { newId } from '../../support/events';
import { type TestTopics, createTestTopics } from '../../support/kafka';
import { silentLogger } from '../../support/logger';
import { insertInto } from '../../support/outbox-rows';
import { type TestOutboxes, createTestOutboxes } from '../../support/outboxes';
import { servers } from '../../support/servers';
import { type TestWorkers, startTestWorkers, testQueuePrefix } from '../../support/temporal';
import { waitFor, waitUntilDone } from '../../support/wait-for';

/** Events of one priority that wait in one outbox's backlog. */
const many = 60;
/** Tasks that each worker has in hand at once. */
const slots = 4;

let outboxes: TestOutboxes;
let topics: TestTopics;
let dependencies: Dependencies;
let workers: TestWorkers;
let bridge: readonly Service[] = [];
const prefix = testQueuePrefix();

/** Where the workers stand still until the test lets them go: with all their slots used, the backlog is in Temporal's queue. */
let standsStillIn: 'workflow tasks' | 'activities' = 'workflow tasks';
let gate: { readonly passed: Promise<void>; readonly open: () => void };
/** Ids of events, in the order in which it was done. */
const done = { applied: [] as string[], emitted: [] as string[] };

beforeEach(() => {
  let open: () => void = () => undefined;
  const passed = new Promise<void>((resolve) => (open = resolve));
  gate = { passed, open };
  done.applied = [];
  done.emitted = [];
});
afterEach(() => gate.open());

beforeAll(async () => {
  [outboxes, topics] = await Promise.all([
    createTestOutboxes('main', 'content', 'social'),
    createTestTopics(['identity']),
  ]);
  const environment = {
    ...environmentOf(servers()),
    ...outboxes.environment,
    KAFKA_TOPIC_PREFIX: topics.prefix,
    KAFKA_CREATE_TOPICS: 'false',
    REDIS_KEY_PREFIX: `${prefix}:`,
    TASK_QUEUE_PREFIX: prefix,
  };
  const config = configFrom(workerSettings, environment);
  dependencies = new Dependencies(config, silentLogger);
  await dependencies.start();
  const real = createActivities(dependencies, config, silentLogger);
  const activities = {
    ...real,
    identityApply: async (event: EventRef) => {
      if (standsStillIn === 'workflow tasks') await gate.passed;
      const result = await real.identityApply(event);
      done.applied.push(event.eventId);
      return result;
    },
    emitEvent: async (event: EventRef) => {
      if (standsStillIn === 'activities') {
        if (Context.current().info.isLocal)
          throw ApplicationFailure.create({ type: 'KAFKA_UNAVAILABLE', message: 'the first try, made by the test' });
        await gate.passed;
      }
      await real.emitEvent(event);
      done.emitted.push(event.eventId);
    },
  };
  workers = await startTestWorkers({
    ...{ prefix, activities, queues: ['identity', 'kafka'], patient: true },
    worker: { maxConcurrentWorkflowTaskExecutions: slots, maxConcurrentActivityTaskExecutions: slots },
  });
  bridge = composeBridge(configFrom(bridgeSettings, environment), silentLogger).services;
  for (const service of bridge) void service.start();
});
afterAll(async () => {
  for (const service of [...bridge].reverse()) await service.stop();
  await workers.stop();
  await dependencies.stop();
  await Promise.all([outboxes.drop(), topics.drop()]);
});

const left = async (outbox: string, mark: 'published_at' | 'emitted_at'): Promise<number> =>
  (await outboxes.of[outbox]!.pool.query(`SELECT FROM outbox_events WHERE ${mark} IS NULL`)).rowCount ?? 0;

it.each([
  // Its runs have no fairness key, which is a key like the others.
  ['workflow tasks', 'main'],
  ['activities', 'content'],
] as const)(
  'an event overtakes the backlog of another outbox that waits for workers, in the queue of %s',
  async (queue, backlogged) => {
    standsStillIn = queue;
    await outboxes.of[backlogged]!.pool.query(
      `INSERT INTO outbox_events (id, aggregate_id, event_type, payload)
       SELECT gen_random_uuid(), u.id, 'identity.user.created', jsonb_build_object('user_id', u.id, 'username', 'u')
       FROM (SELECT gen_random_uuid() AS id FROM generate_series(1, $1)) u`,
      [many],
    );
    await waitUntilDone(() => left(backlogged, 'published_at'), { what: 'the backlog started' });
    if (queue === 'activities')
      await waitUntilDone(() => Promise.resolve(many - done.applied.length), { what: 'the backlog applied' });

    const user = { user_id: newId(), username: 'u' };
    const { eventId } = await insertInto(outboxes, 'social', 'identity.user.created', user, { started: false });
    await waitUntilDone(() => left('social', 'published_at'), { what: 'the event started' });
    if (queue === 'activities') await waitFor(() => done.applied.includes(eventId), { what: 'the event applied' });
    expect(done.emitted).toEqual([]);
    gate.open();
    for (const outbox of ['social', backlogged])
      await waitUntilDone(() => left(outbox, 'emitted_at'), { what: `${outbox} emitted` });

    expect(done.emitted.indexOf(eventId)).toBeLessThan(many / 2);
    // In the queue of activities only the emits wait.
    expect(done.applied.indexOf(eventId)).toBeLessThan(queue === 'activities' ? many + 1 : many / 2);
    expect(done.emitted).toHaveLength(many + 1);
  },
);
