import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { type Redis } from 'ioredis';
import { type RedisStorePulse } from '../activities/feed/redis/redis-store-pulse';
import { type PgStoreRecord } from '../activities/feed/pg-store-record';
import { lookAtStore } from '../activities/feed/watch-store';
import {
  type MaintenanceWorkflow,
  feedRepairId,
  maintenanceQueue,
  maintenanceWorkflows,
} from '../contracts/maintenance';
import { oneLine } from '../runtime/errors';
import { type Service } from '../runtime/lifecycle';
import { type Logger } from '../runtime/logger';
import { Periodic } from '../runtime/periodic';
import { sayRepeated } from '../runtime/repeated-failures';

const everyMs = 1_000;
/** Another process may have begun the repair, and its end is not seen at once. */
const askForRepairMs = 10_000;
const callMs = 5_000;
const repairWorkflow: MaintenanceWorkflow = 'feedRepairWorkflow';

export interface FeedStoreWatchDeps {
  readonly redis: Pick<Redis, 'on' | 'off'>;
  readonly pulse: RedisStorePulse;
  readonly record: PgStoreRecord;
  readonly temporal: Client;
  readonly taskQueuePrefix: string;
  /** False: this process does not work yet, or not any more; whose Redis it is may not be ours to judge. */
  readonly mayLook: () => boolean;
  readonly logger: Logger;
}

/**
 * Looks every second, and whenever a connection is made again, whether Redis still has what it had; starts a repair when it
 * lost something (docs/decisions/0013-redis-that-lost-time.md). Every worker process has one; they agree by PostgreSQL.
 */
export class FeedStoreWatch implements Service {
  readonly name = 'feed-store-watch';
  private readonly periodic: Periodic;
  private warned: string | undefined;
  private lastAskedMs = -Infinity;
  private first: Promise<void> = Promise.resolve();
  private looking: Promise<void> = Promise.resolve();
  private readonly onReady = (): void => void this.look();

  constructor(private readonly deps: FeedStoreWatchDeps) {
    this.periodic = new Periodic(this.name, () => this.look().then(() => everyMs), {
      logger: deps.logger,
      retryMs: everyMs,
    });
  }

  /** What people should know of Redis though work goes on; null: nothing. */
  get warning(): string | null {
    return this.warned ?? null;
  }

  /** Does not wait for Redis. */
  async start(): Promise<void> {
    this.deps.redis.on('ready', this.onReady);
    this.first = this.periodic.start();
  }

  async stop(): Promise<void> {
    this.deps.redis.off('ready', this.onReady);
    await this.periodic.stop();
    await Promise.all([this.first, this.looking]);
  }

  /** One look at a time. An outage of Redis or PostgreSQL is no news here: who needs them says so. */
  private look(): Promise<void> {
    this.looking = this.looking.then(() => this.lookOnce()).catch(() => undefined);
    return this.looking;
  }

  private async lookOnce(): Promise<void> {
    const { logger, mayLook } = this.deps;
    if (!mayLook()) return;
    const look = await lookAtStore(this.deps, Date.now());
    if (look.lost !== undefined) {
      const since = look.lost.sinceMs === null ? null : new Date(look.lost.sinceMs).toISOString();
      logger.error(
        { reason: look.lost.reason, since, epoch: look.epoch },
        'redis: it may have lost data; every feed is rebuilt before it is believed again, and everything is compared with the tables',
      );
    }
    this.judgeEviction(look.eviction);
    if (look.repairDue) await this.startRepair();
  }

  private judgeEviction(policy: string | null): void {
    const evicts = policy !== null && policy !== 'noeviction';
    const warning = evicts
      ? `REDIS_EVICTS: Redis evicts what it has no room for (maxmemory-policy ${policy}): set it to noeviction, or feeds, tombstones and caches go at any time`
      : undefined;
    if (warning !== undefined && warning !== this.warned) this.deps.logger.error({ policy }, `redis: ${warning}`);
    this.warned = warning;
  }

  private async startRepair(): Promise<void> {
    const now = performance.now();
    if (now - this.lastAskedMs < askForRepairMs) return;
    this.lastAskedMs = now;
    const { temporal, taskQueuePrefix, logger } = this.deps;
    try {
      await temporal.withDeadline(Date.now() + callMs, () =>
        temporal.workflow.start(repairWorkflow, {
          workflowId: feedRepairId(taskQueuePrefix),
          taskQueue: maintenanceQueue(taskQueuePrefix),
          args: [],
          staticSummary: maintenanceWorkflows[repairWorkflow].meaning,
        }),
      );
    } catch (thrown) {
      if (thrown instanceof WorkflowExecutionAlreadyStartedError) return;
      const message = 'redis: the repair could not be started; trying again';
      sayRepeated(logger, { key: message, level: 'warn', fields: { error: oneLine(thrown) }, message });
    }
  }
}
