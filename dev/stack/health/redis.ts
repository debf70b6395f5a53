import { Redis } from 'ioredis';
import type { StackAddresses } from '../addresses';
import type { Answer } from '../servers/server';

export async function askRedis(addresses: StackAddresses): Promise<Answer> {
  const redis = new Redis(addresses.redisUrl, {
    lazyConnect: true,
    connectTimeout: 3_000,
    commandTimeout: 3_000,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    disconnectTimeout: 100, // its timer outlives a refused connection and would keep our process waiting
  });
  let cause: Error | undefined;
  redis.on('error', (error: Error) => (cause = error));
  try {
    await redis.connect();
    await redis.ping();
    const info = await redis.info('server');
    return { version: /^redis_version:(\S+)/m.exec(info)?.[1] ?? 'unknown' };
  } catch (error) {
    throw cause ?? error;
  } finally {
    redis.disconnect();
  }
}
