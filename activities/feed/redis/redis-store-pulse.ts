import { type Redis } from 'ioredis';
import { asRedisError } from '../../../runtime/redis';
import { type StorePulse, type StoreVitals } from '../store-watch';
import { raiseStore } from './lua/raise-store';
import { beatAtKey } from './redis-keys';
import { beatKey, epochKey } from '../../../feeds/feed-keys';

type Raising = Redis & { novaRaiseStore(keyCount: number, ...keysAndArgs: (string | number)[]): Promise<number> };

export class RedisStorePulse implements StorePulse {
  private readonly redis: Raising;

  constructor(redis: Redis) {
    redis.defineCommand('novaRaiseStore', { lua: raiseStore });
    this.redis = redis as Raising;
  }

  /** In one transaction, so that counter, epoch and identity are those of one server. */
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

  async raise({ epoch, beat }: { epoch: number; beat: number }): Promise<void> {
    await this.redis
      .novaRaiseStore(2, epochKey, beatKey, epoch, beat)
      .catch((thrown: unknown) => Promise.reject(asRedisError(thrown) as Error));
  }
}
