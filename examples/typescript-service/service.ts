/** Publishes a post in the transaction that stores it, receives its event once, and shows an inbox. */
import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { logLevel } from 'kafkajs';
import { Client } from 'pg';
import { publish } from '../../client/publish';
import { type ReceivedEvent, Subscriber } from '../../client/subscriber';
import { topicOf } from '../../client/topic-of';
import { Kafka } from '../../runtime/kafkajs-repaired';

const { DATABASE_URL = '', REDIS_URL = '', KAFKA_BROKERS = '', KAFKA_TOPIC_PREFIX = 'nova' } = process.env;

async function main(): Promise<void> {
  const db = new Client({ connectionString: DATABASE_URL }); // a login that is a member of nova_publisher
  await db.connect();
  const redis = new Redis(REDIS_URL, {
    keyPrefix: `${KAFKA_TOPIC_PREFIX}:`,
    commandTimeout: 5_000,
    socketTimeout: 7_000,
  });
  let received: (event: ReceivedEvent) => void = () => undefined;

  const post = { post_id: randomUUID(), user_id: randomUUID(), caption: 'hello from TypeScript' };
  await db.query('BEGIN');
  // … your own INSERT into your own table stands here …
  const { id } = await publish(db, { type: 'content.post.created', payload: post });
  await db.query('COMMIT');
  console.log('published', id);

  const arrival = new Promise<ReceivedEvent>((resolve) => (received = resolve));
  const subscriber = new Subscriber({
    kafka: new Kafka({ brokers: KAFKA_BROKERS.split(','), clientId: 'typescript-service', logLevel: logLevel.ERROR }),
    redis,
    name: `${KAFKA_TOPIC_PREFIX}-typescript-service`,
    topics: [topicOf('content.post.created', KAFKA_TOPIC_PREFIX)],
    handle: (event) => {
      if (event.eventId === id) received(event);
      return Promise.resolve();
    },
    onError: (error) => console.error(error.message),
  });
  await subscriber.start();
  console.log('received', (await arrival).eventType);
  await subscriber.stop();

  const { rows } = await db.query<{ state: string }>('SELECT state FROM nova.nova_event_state($1)', [id]);
  console.log('state', rows[0]?.state);
  redis.disconnect();
  await db.end();
}

main().catch((thrown: unknown) => {
  console.error(thrown);
  process.exitCode = 1;
});
