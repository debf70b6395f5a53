import { type Connection, ScheduleClient, WorkflowClient } from '@temporalio/client';
import { type Redis } from 'ioredis';
import { type Pool } from 'pg';
import { feedSettings } from '../activities/feed/settings';
import { isRunOpen, readOpenRuns } from '../outbox/housekeeping/open-runs';
import { type OpenRuns } from '../outbox/housekeeping/partitions';
import { readRetentionMs, rememberedMs } from '../runtime/temporal-retention';
import { bridgeSettings } from '../outbox-bridge/settings';
import { actorOf, actorSetting } from './acts/acts';
import { those } from './outboxes';
import { type ConfigOf, sharedSettings } from '../runtime/config';
import { consoleUrlSetting } from '../runtime/console-page';
import { type Logger, createLogger } from '../runtime/logger';
import { OutboxPools } from '../runtime/outbox-pools';
import { type OutboxConfig, isInState, outboxSettings, outboxesOf } from '../runtime/outboxes';
import { createPool } from '../runtime/postgres';
import { createRedis } from '../runtime/redis';
import { checkDeployment } from '../runtime/deployment';
import { connectClient } from '../runtime/temporal';
import { webUiSettings } from '../runtime/temporal-web-ui';
import { within } from '../runtime/within';

const serverSettings = {
  ...sharedSettings.database,
  ...outboxSettings,
  ...sharedSettings.temporal,
  ...sharedSettings.redis,
} as const;

/** What the operator's tools read from the environment. */
export const opsSettings = {
  ...serverSettings,
  ...feedSettings,
  retentionDays: bridgeSettings.retentionDays,
  readNotificationDays: bridgeSettings.readNotificationDays,
  tombstoneDays: bridgeSettings.tombstoneDays,
  operatorActDays: bridgeSettings.operatorActDays,
  retentionMarginHours: bridgeSettings.retentionMarginHours,
  ...webUiSettings,
  ...consoleUrlSetting,
  ...actorSetting,
} as const;

export interface Connections {
  readonly config: ConfigOf<typeof opsSettings>;
  /** Who works with the tools. */
  readonly actor: string;
  /** State: all tables but those of an outbox. */
  readonly pool: Pool;
  readonly outboxes: OutboxPools;
  readonly connection: Connection;
  readonly workflows: WorkflowClient;
  readonly schedules: ScheduleClient;
  readonly redis: Redis;
  /** Events whose workflow is open. */
  readonly openRuns: () => Promise<OpenRuns>;
  /** Whether the run of an event is open, asked of Temporal directly. */
  readonly isOpen: (eventId: string) => Promise<boolean>;
  /** @throws NovaError WRONG_DEPLOYMENT when State, or one of these outboxes, belongs to another one */
  readonly checkDeployment: (outboxes: readonly string[]) => Promise<void>;
  /** Age in milliseconds of a first attempt beyond which Temporal may have forgotten the run. */
  readonly retentionGuardMs: () => Promise<number>;
}

/** A person waits. */
const temporalCallMs = 10_000;

interface Servers {
  readonly pool: Pool;
  readonly outboxes: OutboxPools;
  readonly redis: Redis;
  readonly connection: Connection;
  readonly logger: Logger;
}

/** Connects to the servers that a command uses, on first use, and disconnects whatever happens. */
export async function withServers<T>(
  config: ConfigOf<typeof serverSettings>,
  work: (servers: Servers) => Promise<T>,
): Promise<T> {
  const logger = createLogger('nova', 'error');
  const pool = createPool({
    url: config.databaseUrl,
    schema: config.databaseSchema,
    max: 4,
    applicationName: 'nova-ops',
    logger,
  });
  const outboxes = outboxPools(config, pool, logger);
  const redis = createRedis({ url: config.redisUrl, keyPrefix: config.redisKeyPrefix, logger, tls: config });
  const connection = connectClient(config, { callMs: temporalCallMs });
  try {
    return await work({ pool, outboxes, redis, connection, logger });
  } finally {
    redis.disconnect();
    await closeAll(pool, outboxes, connection);
  }
}

/** The same, with what most commands ask of these servers. `outbox`: the only one to ask; left out: all. */
export async function withConnections<T>(
  config: ConfigOf<typeof opsSettings>,
  work: (connections: Connections) => Promise<T>,
  outbox?: string,
): Promise<T> {
  return withServers(config, ({ pool, outboxes: all, redis, connection }) => {
    const outboxes = outbox === undefined ? all : those(all, [outbox]);
    return work({
      config,
      actor: actorOf(config.actor),
      pool,
      outboxes,
      connection,
      redis,
      openRuns: () => readOpenRuns(connection, { namespace: config.temporalNamespace }),
      isOpen: (eventId) => isRunOpen(connection, config.temporalNamespace, eventId),
      checkDeployment: async (names) => {
        for (const database of new Set([pool, ...names.map((name) => outboxes.of({ outbox: name }))]))
          await checkDeployment(database, connection, config);
      },
      retentionGuardMs: async () =>
        rememberedMs(config.retentionMarginHours, await readRetentionMs(connection, config.temporalNamespace)),
      workflows: new WorkflowClient({ connection, namespace: config.temporalNamespace }),
      schedules: new ScheduleClient({ connection, namespace: config.temporalNamespace }),
    });
  });
}

/** Of one command to one outbox: there may be a hundred, and it asks all at once. */
const outboxConnections = 2;

/** Connected on first use. An outbox in State's database uses its pool. */
function outboxPools(config: OutboxConfig, state: Pool, logger: Logger): OutboxPools {
  return new OutboxPools(
    new Map(
      outboxesOf(config).map((outbox) => {
        const { name, url, schema, connections } = outbox;
        const max = Math.min(outboxConnections, connections);
        const pool = () => createPool({ url, schema, max, applicationName: 'nova-ops', logger });
        return [name, isInState(outbox, config) ? state : pool()];
      }),
    ),
  );
}

const closeMs = 2_000;

/** Closes, or gives up soon: a server that hangs does not say goodbye, and what a command found out is to be shown. */
async function closeAll(pool: Pool, outboxes: OutboxPools, connection: Connection): Promise<void> {
  const state = outboxes.names.some((outbox) => outboxes.of({ outbox }) === pool) ? [] : [pool.end()];
  const closed = Promise.all([...state, outboxes.end(), connection.close()]);
  await within(closeMs, closed, () => new Error('a server hangs')).catch(() => undefined);
}
