import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, type Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { type Redis } from 'ioredis';
import { KafkaAuditRecords } from '../../activities/audit/kafka-audit-records';
import { PgAuditStore } from '../../activities/audit/pg-audit-store';
import { PgAuditRows } from '../../activities/audit/pg-audit-rows';
import { PgFeedSample } from '../../activities/audit/pg-feed-sample';
import { PgFeedTruth } from '../../activities/feed/pg-feed-truth';
import { PgStoreRecord } from '../../activities/feed/pg-store-record';
import { RedisFeedStore } from '../../activities/feed/redis/redis-feed-store';
import { TemporalAuditRuns } from '../../activities/audit/temporal-audit-runs';
import { type AuditDeps } from '../../activities/audit/deps';
import { type AuditLimits, auditLimits } from '../../activities/audit/limits';
import { type AuditOrder, runAudit } from '../../activities/audit/run-audit';
import { createEmitActivities } from '../../activities/emit/create-emit-activities';
import { rebuildFeed } from '../../feeds/rebuild';
import { guarded } from '../../activities/guard';
import { type AuditReport } from '../../contracts/audit-kinds';
import { type EventRef } from '../../contracts/event-ref';
import { kafkaHeaders } from '../../contracts/kafka';
import { maintenanceQueue } from '../../contracts/maintenance';
import { priorityNames } from '../../contracts/priority';
import { type WorkflowType, workflowTypes } from '../../contracts/workflow-types';
import { computeLimit } from '../../workers/compute-limit';
import { type TestDatabase, createTestDatabase } from './database';
import { type TestBridge, createTestBridge } from './bridge';
import { startPatientSink } from './emitter';
import { insertEvent, newId } from './events';
import { type TestTopics, createTestTopics } from './kafka';
import { silentLogger } from './logger';
import { type CommandResult, runOps } from './ops-command';
import { connectTestRedis } from './redis';
import { servers } from './servers';
import { createTestClient, startTestWorkers, testQueuePrefix, workflowBundle } from './temporal';
import { waitFor } from './wait-for';
import { OutboxPools } from '../../runtime/outbox-pools';

export interface AuditWorld {
  readonly database: TestDatabase;
  readonly client: Client;
  readonly topics: TestTopics;
  readonly prefix: string;
  readonly redis: Redis;
  readonly deps: AuditDeps;
  readonly rows: PgAuditRows;
  /** What the emit of these events throws, instead of emitting. */
  readonly failing: Map<string, Error>;
  bridge(): TestBridge;
  /** Commits a message edit, whose whole effect is the emit; pending. */
  event(aggregateId?: string): Promise<EventRef>;
  /** The same, brought all the way by a bridge and a worker; their completed runs are listed. */
  settled(count: number): Promise<EventRef[]>;
  settle(refs: readonly EventRef[]): Promise<void>;
  audit(limits?: Partial<AuditLimits>, sinceMs?: number): Promise<AuditReport>;
  auditWith(deps: AuditDeps, order: Partial<AuditOrder>): Promise<AuditReport>;
  /** Open findings of an event, by kind. */
  findings(eventId: string): Promise<string[]>;
  /** Sends what could be a message of this event. */
  send(eventId: string): Promise<void>;
  /** A bridge that says it is alive; or none. */
  bridgeSays(state: 'polling' | 'outage' | null, paused?: Record<string, string>): Promise<void>;
  /** A reader who follows one author with this many posts, and whose feed in Redis is right and believed. Posts: oldest first. */
  reader(posts: number): Promise<{ readonly userId: string; readonly authorId: string; readonly posts: string[] }>;
  set(eventId: string, assignments: string): Promise<void>;
  /** The operator's command on this deployment. */
  ops(...args: string[]): Promise<CommandResult>;
  close(): Promise<void>;
}

const feedCap = 20;
const every = (ms: number) => Object.fromEntries(Object.keys(workflowTypes).map((type) => [type, ms]));

/** Budgets of a second instead of minutes. */
export const quickLimits: AuditLimits = {
  ...auditLimits({ settleMs: 0, graceMs: 300, claimWindowMs: 1_000 }),
  marginMs: 2_000,
  pendingMs: { critical: 300, high: 300, normal: 300, low: 300 },
  openMs: every(1_000) as Record<WorkflowType, number>,
  openFactor: Object.fromEntries(priorityNames.map((name) => [name, 1])) as AuditLimits['openFactor'],
  markMs: 300,
  emitMs: 300,
};

/** Rows, runs and messages of one deployment on the real servers, which a test can damage. */
export async function createAuditWorld(): Promise<AuditWorld> {
  const prefix = testQueuePrefix();
  const [database, client, topics] = await Promise.all([
    createTestDatabase(),
    createTestClient(),
    createTestTopics(['message']),
  ]);
  const { pool } = database;
  const topic = topics.topics.message;
  const sink = await startPatientSink();
  const emit = createEmitActivities({
    outboxes: OutboxPools.one(pool),
    sink,
    topics: topics.topics,
    logger: silentLogger,
  });
  const failing = new Map<string, Error>();
  const workers = await startTestWorkers({
    prefix,
    queues: ['kafka'],
    patient: true,
    workflowsPath: require.resolve('../../workflows/emit-only'),
    activities: guarded({
      emitEvent: async (event: EventRef) => {
        const failure = failing.get(event.eventId);
        if (failure !== undefined) throw failure;
        await emit.emitEvent(event);
      },
    }),
  });
  const redis = await connectTestRedis(`test:${randomUUID()}:`);
  const store = new RedisFeedStore(redis, { cap: feedCap, chunkSize: 500 });
  const truth = new PgFeedTruth(pool);
  const producer = topics.kafka.producer();
  await producer.connect();
  const rows = new PgAuditRows(pool);
  const deps: AuditDeps = {
    outboxes: [rows],
    runs: new TemporalAuditRuns(client, { taskQueuePrefix: prefix, listsPerSecond: 200, deadlineMs: 60_000 }),
    records: new KafkaAuditRecords(topics.kafka, [topic], `${topics.prefix}-audit`),
    store: new PgAuditStore(pool),
    feeds: {
      ...{ store, truth, cap: feedCap, sampleSize: 50 },
      sample: new PgFeedSample(pool),
      record: new PgStoreRecord(pool, redis.options.keyPrefix ?? ''),
    },
    limits: quickLimits,
    sleep: (ms) => sleep(ms),
  };
  const world: AuditWorld = {
    ...{ database, client, topics, prefix, redis, deps, rows, failing },
    bridge: () => createTestBridge({ pool, connection: client.connection as Connection, prefix }),
    event: (aggregateId = newId()) =>
      insertEvent(
        pool,
        'message.edited',
        { message_id: newId(), conversation_id: aggregateId, editor_id: newId(), content: 'text' },
        { started: false, aggregateId },
      ),
    ops: (...args) =>
      runOps(
        {
          DATABASE_URL: database.url,
          KAFKA_TOPIC_PREFIX: topics.prefix,
          TASK_QUEUE_PREFIX: prefix,
          AUDIT_SETTLE_S: '0',
          AUDIT_GRACE_MS: '200',
        },
        ...args,
      ),
    async settled(count) {
      const refs: EventRef[] = [];
      for (let i = 0; i < count; i++) refs.push(await world.event());
      await world.settle(refs);
      return refs;
    },
    async settle(refs) {
      const { bridge } = world.bridge();
      await bridge.start();
      const ids = refs.map(({ eventId }) => eventId);
      await waitFor(async () => {
        const { rows } = await pool.query(
          `SELECT FROM outbox_events WHERE id = ANY ($1) AND published_at IS NOT NULL AND emitted_at IS NOT NULL`,
          [ids],
        );
        return rows.length === ids.length;
      });
      await bridge.stop();
      await Promise.all(ids.map((id) => client.workflow.getHandle(id).result()));
      // Visibility is later than the runs, by design, and it is what an audit lists them from.
      const listed = `WorkflowId IN (${ids.map((id) => `'${id}'`).join(', ')}) AND ExecutionStatus = 'Completed'`;
      await waitFor(async () => (await client.workflow.count(listed)).count >= ids.length, {
        what: 'runs to be listed',
      });
    },
    audit: (limits = {}, sinceMs = 600_000) =>
      world.auditWith({ ...deps, limits: { ...quickLimits, ...limits } }, { sinceMs }),
    auditWith: (others, order) => runAudit(others, { auditId: newId(), origin: 'demand', ...order }),
    async findings(eventId) {
      const { rows } = await pool.query<{ kind: string }>(
        `SELECT kind FROM audit_findings WHERE event_id = $1 AND resolved_at IS NULL ORDER BY kind`,
        [eventId],
      );
      return rows.map(({ kind }) => kind);
    },
    async send(eventId) {
      await producer.send({ topic, messages: [{ value: '{}', headers: { [kafkaHeaders.eventId]: eventId } }] });
    },
    async bridgeSays(state, paused = {}) {
      await pool.query('DELETE FROM bridge_instances');
      if (state === null) return;
      // Heard of for the length of a test.
      await pool.query(
        `INSERT INTO bridge_instances (instance_id, state, reason, paused_types, heartbeat_at) VALUES ('b', $1, $2, $3, now() + interval '10 minutes')`,
        [state, state === 'outage' ? 'TEMPORAL_UNAVAILABLE: gone' : null, paused],
      );
    },
    async reader(count) {
      const [userId, authorId] = [newId(), newId()];
      const posts = Array.from({ length: count }, () => newId());
      await pool.query('INSERT INTO follows (followee_id, follower_id) VALUES ($1, $2)', [authorId, userId]);
      await pool.query(
        `INSERT INTO post_states (post_id, author_id, status, delivery, score_ms, sequence)
         SELECT id, $2, 'published', 'push', 1000 + place, place FROM unnest($1::uuid[]) WITH ORDINALITY AS p (id, place)`,
        [posts, authorId],
      );
      await rebuildFeed({ feeds: store, truth, settings: { feedCap } }, userId);
      return { userId, authorId, posts };
    },
    async set(eventId, assignments) {
      await pool.query(`UPDATE outbox_events SET ${assignments} WHERE id = $1`, [eventId]);
    },
    async close() {
      await workers.stop();
      await Promise.all([producer.disconnect(), sink.close(), client.connection.close()]);
      const keys = (await redis.keys(`${redis.options.keyPrefix}*`)).map((key) =>
        key.slice(redis.options.keyPrefix?.length),
      );
      if (keys.length > 0) await redis.unlink(keys);
      redis.disconnect();
      await Promise.all([database.drop(), topics.drop()]);
    },
  };
  return world;
}

/** A worker of the chores' queue, with this activity. */
export async function startMaintenanceWorker({ client, prefix }: AuditWorld, activities: object) {
  const connection = await NativeConnection.connect({ address: servers().temporalAddress });
  const worker = await Worker.create({
    connection,
    namespace: client.options.namespace,
    taskQueue: maintenanceQueue(prefix),
    workflowBundle: await workflowBundle(require.resolve('../../workflows/audit')),
    activities,
    ...computeLimit,
  });
  const running = worker.run();
  return {
    stop: async () => {
      worker.shutdown();
      await running;
      await connection.close();
    },
  };
}
