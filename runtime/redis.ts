import { Redis } from 'ioredis';
import { NovaError } from '../contracts/failures';
import { oneLine, toError } from './errors';
import { type Logger } from './logger';
import { readTlsFiles, tlsFault } from './tls';
import { explainEarlyReset } from './tls-resets';

/** PEM files by path; empty or absent: none. */
export interface RedisTlsFiles {
  readonly redisCaFile?: string;
  readonly redisCertFile?: string;
  readonly redisKeyFile?: string;
}

/**
 * A Redis connection that fails fast while the server is away: a queued command would hold an activity slot and hide the
 * reason. Temporal retries instead.
 * @throws ConfigError when a certificate's file cannot be used
 */
export function createRedis(options: { url: string; keyPrefix: string; logger: Logger; tls?: RedisTlsFiles }): Redis {
  const { redisCaFile: caFile = '', redisCertFile: certFile = '', redisKeyFile: keyFile = '' } = options.tls ?? {};
  const tls = readTlsFiles('REDIS', { caFile, certFile, keyFile });
  const redis = new Redis(options.url, {
    ...(tls && { tls }),
    keyPrefix: options.keyPrefix,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: 5_000,
    connectTimeout: 5_000,
    // A server that vanished without a word: after a command timed out the connection goes too, and is made again.
    socketTimeout: 6_000,
    // A replica, after a failover: connect again, to where the address leads now.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
    retryStrategy: (attempt) => Math.min(50 * 2 ** attempt, 2_000),
    lazyConnect: true,
  });
  let lastWarning = '';
  redis.on('error', (error: Error) => {
    const warning = tlsFault(error) ?? oneLine(error);
    if (warning !== lastWarning) options.logger.warn({ error: warning }, 'redis: connection trouble (REDIS_URL)');
    lastWarning = warning;
  });
  // Said when the handshake is over, before anything is read.
  redis.on('connect', () => explainEarlyReset(redis.stream, true));
  redis.on('ready', () => (lastWarning = ''));
  return redis;
}

/** Script errors and wrong types are bugs and pass through; everything else means Redis does not reply. */
export function asRedisError(thrown: unknown): unknown {
  const error = toError(thrown);
  const isBug =
    error.name === 'ReplyError' && !/^(LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|OOM)/.test(error.message);
  return isBug || error instanceof NovaError
    ? thrown
    : new NovaError('REDIS_UNAVAILABLE', oneLine(error), { cause: thrown });
}
