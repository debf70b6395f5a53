import { type Redis } from 'ioredis';
import { createRedis } from '../../runtime/redis';
import { silentLogger } from './logger';
import { servers } from './servers';

/** The limits of the product are for a server that vanished. A test waits for its own as long as it may take. */
const patienceMs = 120_000;

/** A connection as the product makes it, but one that a slow machine does not end; disconnect it in afterAll. */
export async function connectTestRedis(keyPrefix: string, url = servers().redisUrl): Promise<Redis> {
  const redis = createRedis({ url, keyPrefix, logger: silentLogger });
  Object.assign(redis.options, { commandTimeout: patienceMs, connectTimeout: patienceMs, socketTimeout: patienceMs });
  await redis.connect();
  return redis;
}
