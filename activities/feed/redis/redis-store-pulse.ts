import { type Redis } from 'ioredis';
import { asRedisError } from '../../../runtime/redis';
import { raiseStore } from './lua/raise-store';
import { beatAtKey } from './redis-keys';
import { beatKey, epochKey } from '../../../feeds/feed-keys';

/** What the Redis that holds the feeds says of itself. */
export interface StoreVitals {
  /** Of the server process and of its replication history: changes with a restart and a failover. Empty: it does not say. */
  readonly identity: string;
  /** The counter, which this call has counted up. */
  readonly beat: number;
  /** When the counter was counted up before, by the clock of the process that did, epoch milliseconds; null: unknown. */
  readonly previousBeatMs: number | null;
  /** 0: it was never set, or lost. */
  readonly epoch: number;
  /** `maxmemory-policy`; null: it does not say. */
  readonly eviction: string | null;
}

type Raising = Redis & { novaRaiseStore(keyCount: number, ...keysAndArgs: (string | number)[]): Promise<number> };

/** Whether Redis still has what it had (watch-store.ts): Redis's side. Both methods throw NovaError REDIS_UNAVAILABLE. */
export class RedisStorePulse {
  private readonly redis: Raising;

  constructor(redis: Redis) {
    redis.defineCommand('novaRaiseStore', { lua: raiseStore });
    this.redis = redis as Raising;
  }

  /** Counts up and looks, in one transaction, so that counter, epoch and identity are those of one server. */
  async beat(nowMs: number): Promise<StoreVitals> {
    const replies =
      (await this.redis
        .multi()
        .incr(beatKey)
        .get(epochKey)
        .getset(beatAtKey, nowMs)
        .info('server')
        .info('replication')
        .info('memory')
        .exec()
        .catch((thrown: unknown) => Promise.reject(asRedisError(thrown) as Error))) ?? [];
    const [beat, epoch, previous] = replies.slice(0, 3).map(([error, reply]) => {
      if (error !== null) throw asRedisError(error) as Error;
      return reply as string | number | null;
    });
    // A managed server may not let every client ask: then the counter is all there is.
    const info = replies.slice(3).map(([error, reply]) => (error === null ? String(reply) : ''));
    const field = (name: string): string | null =>
      new RegExp(`^${name}:(\\S+)`, 'm').exec(info.join('\n'))?.[1] ?? null;
    const [run, history] = [field('run_id'), field('master_replid')];
    return {
      identity: run === null ? '' : `${run} ${history}`,
      beat: Number(beat),
      previousBeatMs: previous === null ? null : Number(previous),
      epoch: Number(epoch ?? 0),
      eviction: field('maxmemory_policy'),
    };
  }

  /** Raises epoch and counter to at least these. */
  async raise({ epoch, beat }: { epoch: number; beat: number }): Promise<void> {
    await this.redis
      .novaRaiseStore(2, epochKey, beatKey, epoch, beat)
      .catch((thrown: unknown) => Promise.reject(asRedisError(thrown) as Error));
  }
}
