import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { Pool } from 'pg';
import { Subscriber, type ReceivedEvent } from '../../../client/subscriber';
import { domains } from '../../../contracts/events/define';
import { Random } from '../../../proof/traffic/random';
import { createKafka } from '../../../runtime/kafka';
import { runProcess } from '../../../runtime/lifecycle';
import { createLogger } from '../../../runtime/logger';

/**
 * Shorter than the slow handlings below: each of them outlives a session. And longer than a starved machine holds up the
 * heartbeats of a process: one that is silent for a whole session loses its partitions in the middle of a handling.
 */
const sessionTimeoutMs = 20_000;
const slowShare = 0.002;
const slowMs = [21_000, 25_000] as const;

const begin = `
  INSERT INTO business.heard (listener, topic, key, event_id, sequence) VALUES ($1, $2, $3, $4, $5) RETURNING n`;
const end = 'UPDATE business.heard SET ended_at = clock_timestamp() WHERE n = $1';
/**
 * What a graph service does when a person is deleted: their follows go, in both directions, at once. They are written down
 * beside it, as by the business: whom a stream of theirs was announced to before is still to be judged.
 */
const forget = `
  WITH ended AS (
    DELETE FROM business.follows WHERE follower_id = $1::uuid OR followee_id = $1::uuid RETURNING followee_id, follower_id)
  INSERT INTO business.ended_follows SELECT followee_id, follower_id FROM ended`;
/** And where it writes the product's table (FOLLOWS_FROM_EVENTS=false). */
const forgetInProduct = 'DELETE FROM nova.follows WHERE follower_id = $1::uuid OR followee_id = $1::uuid';

/**
 * A passive subscriber of every topic, by the client library as a service team would use it. It writes down when each
 * handling began and ended. `LISTENER=graph` also deletes the follows of deleted people; `LISTENER=reader` is sometimes
 * slower than its session.
 */
async function main(): Promise<void> {
  const { DATABASE_URL, REDIS_URL, REDIS_KEY_PREFIX, KAFKA_BROKERS, KAFKA_TOPIC_PREFIX, LISTENER } = process.env;
  const { GRAPH_DATABASE_URL, FOLLOWS_FROM_EVENTS } = process.env;
  const logger = createLogger('listener', 'info');
  const pool = openPool(DATABASE_URL, 6);
  const graph = openPool(GRAPH_DATABASE_URL, 2);
  const redis = new Redis(REDIS_URL ?? '', {
    keyPrefix: REDIS_KEY_PREFIX ?? '',
    commandTimeout: 5_000,
    socketTimeout: 6_000,
  });
  redis.on('error', () => undefined);
  const random = new Random(process.pid);
  const isGraph = LISTENER === 'graph';

  const handle = async (event: ReceivedEvent, signal: AbortSignal): Promise<void> => {
    const values = [LISTENER, event.topic, event.key, event.eventId, event.sequence];
    const { rows } = await pool.query<{ n: number }>(begin, values);
    try {
      if (isGraph) await forgetWhoLeft(event);
      else if (random.chance(slowShare)) await pause(random.between(...slowMs), undefined, { signal });
      signal.throwIfAborted();
    } finally {
      await pool.query(end, [rows[0]?.n]);
    }
  };
  const forgetWhoLeft = async ({ eventType, payload }: ReceivedEvent): Promise<void> => {
    const { user_id, soft_delete } = payload as { user_id?: string; soft_delete?: boolean };
    if (eventType !== 'identity.user.deleted' || soft_delete === true) return;
    await graph.query(forget, [user_id]);
    if (FOLLOWS_FROM_EVENTS === 'false') await graph.query(forgetInProduct, [user_id]);
  };

  const subscriber = new Subscriber({
    kafka: createKafka({ kafkaBrokers: (KAFKA_BROKERS ?? '').split(',') }, `chaos-${LISTENER}`, logger),
    redis,
    name: `${KAFKA_TOPIC_PREFIX}-${LISTENER}`,
    topics: domains.map((domain) => `${KAFKA_TOPIC_PREFIX}.${domain}.events`),
    retryMs: 300,
    sessionTimeoutMs,
    // Far longer than the slowest handling: a starved machine must not take a partition from one that is at work.
    rebalanceTimeoutMs: 60_000,
    handle,
    onError: (error, at) => logger.warn({ ...at, error: error.message }, 'not handled yet'),
  });
  process.exitCode = await runProcess([subscriber], logger);
  redis.disconnect();
  await Promise.all([pool.end(), graph.end()]);
}

function openPool(connectionString: string | undefined, max: number): Pool {
  const pool = new Pool({ connectionString, max, query_timeout: 12_000, connectionTimeoutMillis: 5_000 });
  pool.on('error', () => undefined);
  return pool;
}

void main();
