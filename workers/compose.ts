import { type Connection } from '@temporalio/client';
import { PgAggregateHistory } from '../activities/stores/pg-aggregate-history';
import { PgOutboxProgress } from '../activities/notify/pg-outbox-progress';
import { PgWaitingUploads } from '../activities/stores/pg-waiting-uploads';
import { PgAuthorTraces } from '../activities/feed/pg-author-traces';
import { PgContentOwners } from '../activities/stores/pg-content-owners';
import { PgDeliveryLedger } from '../activities/notify/pg-delivery-ledger';
import { PgEventStore } from '../activities/stores/pg-event-store';
import { PgFeedTruth } from '../activities/feed/pg-feed-truth';
import { PgFollowWriter } from '../activities/feed/pg-follow-writer';
import { PgFollowerSource } from '../activities/stores/pg-follower-source';
import { PgMediaStore } from '../activities/media/pg-media-store';
import { PgNotificationStore } from '../activities/notify/pg-notification-store';
import { PgPostStates } from '../activities/feed/pg-post-states';
import { PgPreferences } from '../activities/notify/pg-preferences';
import { PgRepairSource } from '../activities/feed/pg-repair-source';
import { PgStoreRecord } from '../activities/feed/pg-store-record';
import { PgTombstones } from '../activities/stores/pg-tombstones';
import { PgUserDirectory } from '../activities/notify/pg-user-directory';
import { PgUserProfiles } from '../activities/stores/pg-user-profiles';
import { RedisAuthorCache } from '../activities/feed/redis/redis-author-cache';
import { RedisFeedPurge } from '../activities/feed/redis/redis-feed-purge';
import { RedisFeedStore } from '../activities/feed/redis/redis-feed-store';
import { RedisKeyWalk } from '../activities/feed/redis/redis-key-walk';
import { authorKey, summaryKey } from '../activities/feed/redis/redis-keys';
import { feedKey } from '../feeds/feed-keys';
import { RedisStorePulse } from '../activities/feed/redis/redis-store-pulse';
import { RedisPendingMedia } from '../activities/media/redis-pending-media';
import { TemporalRunSignaller } from '../activities/signals/temporal-run-signaller';
import { createAuditActivities } from '../activities/audit/create-audit-activities';
import { createEmitActivities } from '../activities/emit/create-emit-activities';
import { cloudEventsOf, topicsOf } from '../activities/emit/settings';
import { createFeedActivities } from '../activities/feed/create-feed-activities';
import { createRepairActivities } from '../activities/feed/create-repair-activities';
import { createIdentityActivities } from '../activities/identity/identity-activities';
import { type EffectMeter } from '../activities/effect-meter';
import { createMediaActivities } from '../activities/media/create-media-activities';
import { PgReplayPlans } from '../activities/replay/pg-replay-plans';
import { createReplayActivities } from '../activities/replay/create-replay-activities';
import { createNotifyActivities } from '../activities/notify/notify-activities';
import { type Activities } from '../workflows/activities';
import { type Service } from '../runtime/lifecycle';
import { type Logger } from '../runtime/logger';
import { realAuditDeps } from '../activities/audit/real-deps';
import { createKafka } from '../runtime/kafka';
import { Periodic } from '../runtime/periodic';
import { processRegistry } from '../runtime/process-registry';
import { Tracing } from '../runtime/tracing';
import { Dependencies } from './dependencies';
import { DeploymentGate } from './deployment-gate';
import { createEffectMetrics } from './effect-metrics';
import { FeedStoreWatch } from './feed-store-watch';
import { meteredActivities } from './metered-activities';
import { OutboxGates } from './outbox-gates';
import { ownPages } from './own-pages';
import { Schedules } from './schedules';
import { type WorkflowIdOf } from './lines-of-sdk';
import { type WorkerConfig } from './settings';
import { StartWaitReports } from './start-wait-reports';
import { WorkerBeat } from './worker-beat';
import { WorkerGroup, queueOf } from './worker-group';
import { workflowIdOf } from './workflow-id-of';

/** Builds the worker process from its configuration; the services are started in this order. */
export function composeWorkers(
  config: WorkerConfig,
  logger: Logger,
): { services: Service[]; ended: Promise<never>; workflowIdOf: WorkflowIdOf } {
  const dependencies = new Dependencies(config, logger);
  const gate = new DeploymentGate({
    pool: dependencies.pools.identity,
    connection: dependencies.temporal.connection as Connection,
    settings: config,
    logger,
    onRefusal: (refusal) => workers.refuse(refusal),
  });
  const outboxGates = new OutboxGates(dependencies.ownOutboxes, {
    connection: dependencies.temporal.connection as Connection,
    settings: config,
    logger,
  });
  const registry = processRegistry(config);
  const startWaits = new StartWaitReports({ pool: dependencies.pools.identity, logger });
  const workers: WorkerGroup = new WorkerGroup(
    config,
    createActivities(dependencies, config, logger, createEffectMetrics(registry)),
    logger,
    async (stop, waiting) => {
      await gate.open(stop, waiting);
      await outboxGates.open(stop);
    },
    [startWaits.interceptor],
  );
  const whoWrites = config.followsFromEvents ? 'follow.added and follow.removed' : 'a service of yours';
  logger.info(
    { followsFromEvents: config.followsFromEvents },
    `follows are written by ${whoWrites} (FOLLOWS_FROM_EVENTS)`,
  );
  const looks = new Periodic('deployment', () => gate.look(), { logger, retryMs: 5_000 });
  const schedules = new Schedules(dependencies.temporal, config, logger, () => gate.check());
  const watch = new FeedStoreWatch({
    redis: dependencies.redis,
    pulse: new RedisStorePulse(dependencies.redis),
    record: new PgStoreRecord(dependencies.pools.feed, config.redisKeyPrefix),
    temporal: dependencies.temporal,
    taskQueuePrefix: config.taskQueuePrefix,
    mayLook: () => workers.health().ok,
    logger,
  });
  const pages = ownPages({ config, logger, registry, dependencies, workers, gate, outboxGates, watch });
  const beat = new WorkerBeat({
    ...{ pool: dependencies.pools.identity, logger },
    taskQueues: config.workerQueues.map((queue) => queueOf(config, queue)),
    takesTasks: () => workers.health().ok,
  });
  const services = [
    new Tracing(config, 'nova-workers', logger),
    dependencies,
    ...pages,
    watch,
    schedules,
    outboxGates,
    workers,
    looks,
    beat,
    startWaits,
  ];
  return { services, ended: workers.ended, workflowIdOf: (runId) => workflowIdOf(dependencies.temporal, runId) };
}

function repairDeps({ pools, redis }: Dependencies, config: WorkerConfig) {
  const authors = new RedisAuthorCache(redis);
  return {
    feeds: new RedisFeedStore(redis, { cap: config.feedCap, chunkSize: config.feedChunkSize }),
    truth: new PgFeedTruth(pools.feed),
    walk: new RedisKeyWalk(redis, feedKey),
    source: new PgRepairSource(pools.feed),
    record: new PgStoreRecord(pools.feed, config.redisKeyPrefix),
    authors,
    caches: {
      summaries: new RedisKeyWalk(redis, summaryKey),
      posts: new PgPostStates(pools.feed),
      cachedAuthors: new RedisKeyWalk(redis, authorKey),
      profiles: new PgUserProfiles(pools.feed),
      authors,
    },
    settings: config,
  };
}

/** Every activity there is, over the real adapters; what they do is counted with the meter. */
export function createActivities(
  dependencies: Dependencies,
  config: WorkerConfig,
  logger: Logger,
  meter?: EffectMeter,
): Activities {
  const activities = allActivities(dependencies, config, logger, meter);
  return meter === undefined ? activities : meteredActivities(activities, meter);
}

function allActivities(
  dependencies: Dependencies,
  config: WorkerConfig,
  logger: Logger,
  meter: EffectMeter | undefined,
): Activities {
  const { pools, outboxes, redis, sink, temporal, channels } = dependencies;
  const runs = new TemporalRunSignaller(temporal);
  return {
    ...createFeedActivities({
      events: new PgEventStore(outboxes.feed),
      history: new PgAggregateHistory(outboxes.feed),
      tombstones: new PgTombstones(pools.feed),
      followers: new PgFollowerSource(pools.feed),
      ...(config.followsFromEvents ? { followWriter: new PgFollowWriter(pools.feed) } : {}),
      feeds: new RedisFeedStore(redis, { cap: config.feedCap, chunkSize: config.feedChunkSize, meter }),
      posts: new PgPostStates(pools.feed),
      walk: new RedisKeyWalk(redis, feedKey),
      purge: new RedisFeedPurge(redis),
      traces: new PgAuthorTraces(pools.feed),
      uploads: new PgWaitingUploads(pools.feed),
      runs,
      settings: config,
      meter,
    }),
    ...createMediaActivities({
      events: new PgEventStore(outboxes.media),
      owners: new PgContentOwners(pools.media),
      media: new PgMediaStore(pools.media),
      pending: new RedisPendingMedia(redis),
      tombstones: new PgTombstones(pools.media),
      uploads: runs,
      settings: config,
      logger,
    }),
    ...createNotifyActivities({
      events: new PgEventStore(outboxes.notification),
      history: new PgAggregateHistory(outboxes.notification),
      tombstones: new PgTombstones(pools.notification),
      followers: new PgFollowerSource(pools.notification),
      owners: new PgContentOwners(pools.notification),
      progress: new PgOutboxProgress(pools.notification, { silenceMs: config.outboxSilenceHours * 3_600_000 }),
      preferences: new PgPreferences(pools.notification),
      store: new PgNotificationStore(pools.notification, meter),
      ledger: new PgDeliveryLedger(pools.notification, meter),
      users: new PgUserDirectory(pools.notification),
      channels,
      logger,
      limits: { claimLeaseMs: config.deliveryLeaseMs },
      meter,
    }),
    ...createIdentityActivities({
      events: new PgEventStore(outboxes.identity),
      tombstones: new PgTombstones(pools.identity),
      profiles: new PgUserProfiles(pools.identity),
      authors: new RedisAuthorCache(redis),
    }),
    ...createRepairActivities(repairDeps(dependencies, config)),
    ...createAuditActivities({
      ...realAuditDeps({
        ...{ pool: pools.audit, outboxes: outboxes.audit, redis, temporal, config },
        kafka: createKafka(config, 'nova-audit', logger),
      }),
      logger,
    }),
    ...createReplayActivities({
      ...{ pool: pools.audit, outboxes: outboxes.audit, config },
      plans: new PgReplayPlans(pools.audit),
      temporal,
    }),
    ...createEmitActivities({
      outboxes: outboxes.kafka,
      sink,
      topics: topicsOf(config),
      cloudEvents: cloudEventsOf(config),
      logger,
    }),
  };
}
