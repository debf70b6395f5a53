import { type Redis } from 'ioredis';
import { type Pool } from 'pg';
import { placeOf } from '../../runtime/which-setting';
import { askRedis } from '../status/servers';
import { type Check, fault, lookAtServer, ok, warning } from './check';

const record = `
  SELECT epoch, repaired_epoch AS "repairedEpoch" FROM nova.feed_stores ORDER BY epoch DESC LIMIT 1`;

/** Whether Redis keeps what it is given, and has all of it. */
export async function checkRedis(redis: Redis, pool: Pool, url: string): Promise<Check[]> {
  const info = async (section: string, name: string): Promise<string> => {
    const found = new RegExp(`^${name}:(\\S+)`, 'm').exec(await redis.info(section))?.[1];
    if (found === undefined) throw new Error(`it does not say its ${name}`);
    return found;
  };
  const reach = {
    work: async () => {
      await askRedis(redis);
      return `Redis ${await info('server', 'redis_version').catch(() => '')}`;
    },
    cure: `start it, or correct REDIS_URL (${placeOf(url)})`,
  };
  return lookAtServer('Redis', reach, {
    eviction: async () => {
      const policy = await info('memory', 'maxmemory_policy');
      if (policy === 'noeviction') return ok(policy);
      return fault(
        `${policy}: it may drop feeds and tombstones`,
        'CONFIG SET maxmemory-policy noeviction, and in its file',
      );
    },
    role: async () => {
      const role = await info('replication', 'role');
      return role === 'master' ? ok(role) : fault(`${role}: it takes no writes`, 'REDIS_URL must lead to the primary');
    },
    memory: async () => {
      const [used, most] = [Number(await info('memory', 'used_memory')), Number(await info('memory', 'maxmemory'))];
      if (most === 0) return ok(`${Math.round(used / 2 ** 20)} MiB in use, without a limit`);
      const says = `${Math.round((100 * used) / most)} % of ${Math.round(most / 2 ** 20)} MiB in use`;
      return used < 0.8 * most ? ok(says) : warning(says, 'raise maxmemory: when it is full, writes are refused');
    },
    feeds: async () => {
      const { rows } = await pool.query<{ epoch: number; repairedEpoch: number }>(record);
      const [store] = rows;
      if (store === undefined) return ok('no worker has looked at it yet');
      if (store.repairedEpoch >= store.epoch) return ok('nothing is known to be lost');
      return warning('it lost data and is being repaired', 'docs/runbook.md, After a loss of Redis');
    },
  });
}
