import { Redis } from 'ioredis';
import { Pool } from 'pg';
import { Subscriber } from '../../client/subscriber';
import { createKafka } from '../../runtime/kafka';
import { runProcess } from '../../runtime/lifecycle';
import { createLogger } from '../../runtime/logger';
import { obeyFaultOrders } from './faulty-process';

/** A passive subscriber as a service team would write it: its handler's effect is a row per event, written once. */
async function main(): Promise<void> {
  const { DATABASE_URL, REDIS_URL, REDIS_KEY_PREFIX, KAFKA_BROKERS, TOPIC, NAME } = process.env;
  const logger = createLogger('subscriber', 'info');
  const pool = new Pool({ connectionString: DATABASE_URL, max: 2 });
  const redis = new Redis(REDIS_URL ?? '', { keyPrefix: REDIS_KEY_PREFIX ?? '' });
  const kafka = createKafka({ kafkaBrokers: (KAFKA_BROKERS ?? '').split(',') }, 'faulty-subscriber', logger);
  const subscriber = new Subscriber({
    kafka,
    redis,
    name: NAME ?? '',
    topics: [TOPIC ?? ''],
    retryMs: 200,
    onError: (error, at) =>
      logger.warn({ ...at, error: error.message }, at === undefined ? 'consumer fell' : 'partition stopped'),
    handle: async ({ eventId, key, sequence }) => {
      await pool.query(
        `INSERT INTO handled (name, event_id, key, sequence) VALUES ($1, $2, $3, $4)
         ON CONFLICT (name, event_id) DO UPDATE SET times = handled.times + 1`,
        [NAME, eventId, key, sequence],
      );
    },
  });
  process.exitCode = await runProcess([subscriber], logger);
  redis.disconnect();
  await pool.end();
}

obeyFaultOrders();
void main();
