import { Client, type Connection } from '@temporalio/client';
import { type Redis } from 'ioredis';
import { type Pool } from 'pg';
import { KafkaEventSink } from '../activities/emit/kafka-event-sink';
import { type Channels } from '../activities/notify/channel';
import { openChannels } from '../activities/notify/channels';
import { topicsOf } from '../activities/emit/settings';
import { effectNames, effectOf } from '../contracts/effects';
import { createKafka } from '../runtime/kafka';
import { type Service } from '../runtime/lifecycle';
import { type Logger } from '../runtime/logger';
import { Periodic } from '../runtime/periodic';
import { createPool } from '../runtime/postgres';
import { createRedis } from '../runtime/redis';
import { connectClient } from '../runtime/temporal';
import { type OwnOutbox, WorkerOutboxes } from './outboxes';
import { type WorkerConfig } from './settings';
import { ensureTopics } from './topics';

/** Each effect has connections of its own, and so has the audit. */
const poolNames = [...effectNames, 'audit'] as const;
type PoolName = (typeof poolNames)[number];
const auditConnections = 2;

/**
 * The connections of a worker process. None must be up for it to start: what is away delays its own effects and is
 * connected when it is back.
 */
export class Dependencies implements Service {
  readonly name = 'dependencies';
  /** To State, one pool per effect: a bulkhead. Connections are opened when they are needed. */
  readonly pools: Record<PoolName, Pool>;
  readonly outboxes: WorkerOutboxes['of'];
  /** Those with a database of their own. */
  readonly ownOutboxes: readonly OwnOutbox[];
  readonly redis: Redis;
  readonly sink: KafkaEventSink;
  readonly temporal: Client;
  /** Ways to reach people outside the app, as far as they are configured. */
  readonly channels: Channels;
  private readonly connection: Connection;
  private readonly topics: Periodic;
  private readonly outboxConnections: WorkerOutboxes;
  private stopping: Promise<void> | undefined;

  constructor(
    private readonly config: WorkerConfig,
    private readonly logger: Logger,
  ) {
    this.pools = Object.fromEntries(
      poolNames.map((name) => [
        name,
        createPool({
          url: config.databaseUrl,
          schema: config.databaseSchema,
          max: (name === 'audit' ? auditConnections : effectOf(name).connections) ?? config.databaseConnections,
          applicationName: `nova-worker-${name}`,
          logger,
        }),
      ]),
    ) as Dependencies['pools'];
    this.outboxConnections = new WorkerOutboxes(config, this.pools, logger);
    this.outboxes = this.outboxConnections.of;
    this.ownOutboxes = this.outboxConnections.own;
    this.redis = createRedis({ url: config.redisUrl, keyPrefix: config.redisKeyPrefix, logger, tls: config });
    this.sink = new KafkaEventSink(createKafka(config, 'nova-workers', logger, config.kafkaSendTimeoutMs), logger, {
      sendTimeoutMs: config.kafkaSendTimeoutMs,
      compression: config.kafkaCompression,
      reconnectMs: config.kafkaReconnectMs,
    });
    const topics = config.kafkaCreateTopics ? () => this.createTopics() : () => Promise.resolve(Infinity);
    this.topics = new Periodic('kafka-topics', topics, { logger, retryMs: 2_000 });
    this.connection = connectClient(config);
    this.temporal = new Client({ connection: this.connection, namespace: config.temporalNamespace });
    this.channels = openChannels(config);
  }

  async start(): Promise<void> {
    await Promise.all([
      // Goes on trying by itself; its listener has logged why.
      this.redis.connect().catch(() => undefined),
      this.topics.start().then(() => this.sink.connect()),
    ]);
  }

  async stop(): Promise<void> {
    this.stopping ??= this.close();
    await this.stopping;
  }

  private async close(): Promise<void> {
    for (const channel of this.channels.values()) channel.close?.();
    this.redis.disconnect();
    const pools = poolNames.map((name) => this.pools[name].end());
    const servers = [this.sink.close(), this.connection.close(), this.outboxConnections.end(), ...pools];
    await Promise.all([this.topics.stop(), ...servers]);
  }

  /** Once: a broker that is away now gets its topics when it is back; until then emits say TOPIC_MISSING. */
  private async createTopics(): Promise<number> {
    const { config, logger } = this;
    const kafka = createKafka(config, 'nova-workers-topics', logger);
    const created = await ensureTopics(kafka, topicsOf(config), { replicationFactor: config.kafkaReplicationFactor });
    if (created.length > 0) logger.info({ topics: created }, 'kafka: topics created');
    return Infinity;
  }
}
