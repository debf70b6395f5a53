import { type Client } from '@temporalio/client';
import { type Kafka } from 'kafkajs';
import { type Redis } from 'ioredis';
import { type Pool } from 'pg';
import { type OutboxPools } from '../../runtime/outbox-pools';
import { KafkaAuditRecords } from './kafka-audit-records';
import { PgAuditStore } from './pg-audit-store';
import { PgAuditRows } from './pg-audit-rows';
import { PgAuditSignals } from './pg-audit-signals';
import { PgFeedSample } from './pg-feed-sample';
import { PgFeedTruth } from '../feed/pg-feed-truth';
import { PgStoreRecord } from '../feed/pg-store-record';
import { RedisFeedStore } from '../feed/redis/redis-feed-store';
import { TemporalAuditRuns } from './temporal-audit-runs';
import { topicsOf } from '../emit/settings';
import { type FeedSettings } from '../feed/settings';
import { type MediaSettings } from '../media/settings';
import { type AuditDeps } from './deps';
import { auditLimits } from './limits';
import { type AuditConfig } from './settings';

type Config = Parameters<typeof topicsOf>[0] &
  AuditConfig &
  MediaSettings &
  FeedSettings & { readonly taskQueuePrefix: string; readonly redisKeyPrefix: string };

/** The audit over the real servers, as the workers and the operator's command run it. The caller closes what it gave. */
export function realAuditDeps(servers: {
  /** State. */
  readonly pool: Pool;
  readonly outboxes: OutboxPools;
  readonly temporal: Client;
  readonly kafka: Kafka;
  readonly redis: Redis;
  readonly config: Config;
}): Omit<AuditDeps, 'sleep'> {
  const { pool, outboxes, temporal, kafka, redis, config } = servers;
  return {
    outboxes: outboxes.names.map((outbox) => new PgAuditRows(outboxes.of({ outbox }), outbox)),
    runs: new TemporalAuditRuns(temporal, {
      taskQueuePrefix: config.taskQueuePrefix,
      listsPerSecond: config.auditListsPerSecond,
      deadlineMs: 10_000,
    }),
    records: new KafkaAuditRecords(kafka, Object.values(topicsOf(config)), `${config.kafkaTopicPrefix}-audit`),
    store: new PgAuditStore(pool),
    signals: new PgAuditSignals(pool),
    feeds: {
      store: new RedisFeedStore(redis, { cap: config.feedCap, chunkSize: config.feedChunkSize }),
      truth: new PgFeedTruth(pool),
      sample: new PgFeedSample(pool),
      record: new PgStoreRecord(pool, config.redisKeyPrefix),
      cap: config.feedCap,
      sampleSize: config.auditFeeds,
    },
    limits: auditLimits({
      settleMs: config.auditSettleSeconds * 1_000,
      graceMs: config.auditGraceMs,
      claimWindowMs: config.mediaClaimWindowMs,
    }),
  };
}
