import { type Connection, ScheduleClient, WorkflowClient } from '@temporalio/client';
import { type Redis } from 'ioredis';
import { type Pool } from 'pg';
import { feedSettings } from '../activities/feed/settings';
import { isRunOpen, readOpenRuns } from '../outbox/housekeeping/open-runs';
import { type OpenRuns } from '../outbox/housekeeping/partitions';
import { readRetentionMs, rememberedMs } from '../runtime/temporal-retention';
import { bridgeSettings } from '../outbox-bridge/settings';
import { type ConfigOf, sharedSettings } from '../runtime/config';
import { type Logger, createLogger } from '../runtime/logger';
import { createPool } from '../runtime/postgres';
import { createRedis } from '../runtime/redis';
import { checkDeployment } from '../runtime/deployment';
import { connectClient } from '../runtime/temporal';
import { within } from '../runtime/within';

const serverSettings = { ...sharedSettings.database, ...sharedSettings.temporal, ...sharedSettings.redis } as const;

/** What the operator's tools read from the environment. */
export const opsSettings = {
  ...serverSettings,
  ...feedSettings,
  retentionDays: bridgeSettings.retentionDays,
  readNotificationDays: bridgeSettings.readNotificationDays,
  tombstoneDays: bridgeSettings.tombstoneDays,
  retentionMarginHours: bridgeSettings.retentionMarginHours,
} as const;

export interface Connections {
  readonly config: ConfigOf<typeof opsSettings>;
  readonly pool: Pool;
  readonly connection: Connection;
  readonly workflows: WorkflowClient;
  readonly schedules: ScheduleClient;
  readonly redis: Redis;
  /** Events whose workflow is open. */
  readonly openRuns: () => Promise<OpenRuns>;
  /** Whether the run of an event is open, asked of Temporal directly. */
  readonly isOpen: (eventId: string) => Promise<boolean>;
  /** @throws NovaError WRONG_DEPLOYMENT when the database belongs to another one */
  readonly checkDeployment: () => Promise<void>;
  /** Age in milliseconds of a first attempt beyond which Temporal may have forgotten the run. */
  readonly retentionGuardMs: () => Promise<number>;
}

/** A person waits. */
const temporalCallMs = 10_000;

interface Servers {
  readonly pool: Pool;
  readonly redis: Redis;
  readonly connection: Connection;
  readonly logger: Logger;
}

/** Connects to the servers that a command uses, on first use, and disconnects whatever happens. */
export async function withServers<T>(
  config: ConfigOf<typeof serverSettings>,
  work: (servers: Servers) => Promise<T>,
): Promise<T> {
  const logger = createLogger('ops', 'error');
  const pool = createPool({
    url: config.databaseUrl,
    schema: config.databaseSchema,
    max: 4,
    applicationName: 'nova-ops',
    logger,
  });
  const redis = createRedis({ url: config.redisUrl, keyPrefix: config.redisKeyPrefix, logger, tls: config });
  const connection = connectClient(config, { callMs: temporalCallMs });
  try {
    return await work({ pool, redis, connection, logger });
  } finally {
    redis.disconnect();
    await closeAll(pool, connection);
  }
}

/** The same, with what most commands ask of these servers. */
export async function withConnections<T>(
  config: ConfigOf<typeof opsSettings>,
  work: (connections: Connections) => Promise<T>,
): Promise<T> {
  return withServers(config, ({ pool, redis, connection }) =>
    work({
      config,
      pool,
      connection,
      redis,
      openRuns: () => readOpenRuns(connection, { namespace: config.temporalNamespace }),
      isOpen: (eventId) => isRunOpen(connection, config.temporalNamespace, eventId),
      checkDeployment: () => checkDeployment(pool, connection, config),
      retentionGuardMs: async () =>
        rememberedMs(config.retentionMarginHours, await readRetentionMs(connection, config.temporalNamespace)),
      workflows: new WorkflowClient({ connection, namespace: config.temporalNamespace }),
      schedules: new ScheduleClient({ connection, namespace: config.temporalNamespace }),
    }),
  );
}

const closeMs = 2_000;

/** Closes, or gives up soon: a server that hangs does not say goodbye, and what a command found out is to be shown. */
async function closeAll(pool: Pool, connection: Connection): Promise<void> {
  const closed = Promise.all([pool.end(), connection.close()]);
  await within(closeMs, closed, () => new Error('a server hangs')).catch(() => undefined);
}
