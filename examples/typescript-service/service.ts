/** Publishes in the transaction that stores a post, receives its event once, and shows a feed and an inbox. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { Kafka, logLevel } from 'kafkajs';
import { Pool } from 'pg';
import { inRedis } from '../../client/deduplicate';
import { publish } from '../../client/publish';
import { subscribe } from '../../client/subscribe';
import { readingEndpoint } from './reading';

const { DATABASE_URL = '', READING_DATABASE_URL = '', REDIS_URL = '', REDIS_KEY_PREFIX = '' } = process.env;
const { KAFKA_BROKERS = '', KAFKA_TOPIC_PREFIX = 'nova' } = process.env;

const [author, reader] = [randomUUID(), randomUUID()];
const post = { post_id: randomUUID(), user_id: author, caption: 'hello from TypeScript' };

async function main(): Promise<void> {
  const limits = { commandTimeout: 5_000, socketTimeout: 7_000 };
  const kafka = new Kafka({
    brokers: KAFKA_BROKERS.split(','),
    clientId: 'typescript-service',
    logLevel: logLevel.ERROR,
  });
  const redis = new Redis(REDIS_URL, { keyPrefix: REDIS_KEY_PREFIX, ...limits });

  const writing = new Pool({ connectionString: DATABASE_URL }); // a login that is a member of nova_publisher
  const tx = await writing.connect();
  await tx.query('BEGIN');
  // … your own INSERT into your own table stands here …
  await publish(tx, { type: 'follow.added', payload: { follower_id: reader, followee_id: author } });
  const { id } = await publish(tx, { type: 'content.post.created', payload: post });
  await tx.query('COMMIT');
  console.log('published', id);

  let arrived: (type: string) => void;
  const arrival = new Promise<string>((resolve) => (arrived = resolve));
  const subscription = await subscribe({
    kafka,
    group: `${KAFKA_TOPIC_PREFIX}-typescript-service`,
    topicPrefix: KAFKA_TOPIC_PREFIX,
    deduplicate: inRedis(redis),
    handlers: {
      'content.post.created': async ({ eventId, eventType }) => {
        if (eventId === id) arrived(eventType);
      },
    },
    onError: (error) => console.error(error.message),
  });
  console.log('received', await arrival);
  await subscription.stop();

  const state = await tx.query<{ state: string }>('SELECT state FROM nova.nova_event_state($1)', [id]);
  console.log('state', state.rows[0]?.state);
  tx.release();

  const reading = new Pool({ connectionString: READING_DATABASE_URL }); // a login with the rights of docs/reading.md
  const server = readingEndpoint({ database: reading, redis }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const feed = await readUntil<{ posts: object[] }>(`${url}/feeds/${reader}`, ({ posts }) => posts.length > 0);
  console.log('feed', JSON.stringify(feed.posts));
  const inbox = await readUntil<{ unread: number; entries: { kind: string }[] }>(
    `${url}/inboxes/${author}`,
    ({ unread }) => unread > 0,
  );
  console.log('inbox', inbox.unread, inbox.entries[0]?.kind);
  process.exit(0);
}

/** Workflows fill feeds and inboxes a moment after the COMMIT; a person sees them at the next look. */
async function readUntil<T>(url: string, isThere: (body: T) => boolean): Promise<T> {
  for (const deadline = Date.now() + 60_000; ; await sleep(100)) {
    const response = await fetch(url);
    const body = (await response.json()) as T;
    if (response.ok && isThere(body)) return body;
    if (Date.now() > deadline) throw new Error(`${url}: ${response.status} ${JSON.stringify(body)}`);
  }
}

main().catch((thrown: unknown) => {
  console.error(thrown);
  process.exitCode = 1;
});
