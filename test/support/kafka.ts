import { randomUUID } from 'node:crypto';
import { type ITopicConfig, logLevel } from 'kafkajs';
import { type Domain, domains } from '../../contracts/events/define';
import { topicNames } from '../../contracts/kafka';
import { followTopics, type ReceivedMessage, withAdmin } from '../../proof/observe/kafka-reader';
import { Kafka } from '../../runtime/kafkajs-repaired';
import { ensureTopics } from '../../workers/topics';
import { servers } from './servers';
import { waitFor } from './wait-for';

export { withAdmin };

export interface TestTopics {
  readonly kafka: Kafka;
  readonly prefix: string;
  readonly topics: Record<Domain, string>;
  /** How many messages the topic of a domain holds, by the broker's own count. */
  messageCount(domain: Domain): Promise<number>;
  /** Deletes the topics; call it in afterAll. */
  drop(): Promise<void>;
}

/**
 * A client of the shared broker that gives nothing up soon: the product's gives up a request after 5 s and a connection after
 * 2 s, and what a test asks for itself is to be slow on a starved machine, not red.
 */
function patientKafka(brokers = servers().kafkaBrokers): Kafka {
  return new Kafka({
    clientId: 'nova-test',
    brokers: brokers.split(','),
    connectionTimeout: 60_000,
    requestTimeout: 90_000,
    retry: { retries: 10, initialRetryTime: 100, maxRetryTime: 2_000 },
    logLevel: logLevel.NOTHING,
  });
}

/** Topics of its own for one test file. */
export async function createTestTopics(only: readonly Domain[] = domains): Promise<TestTopics> {
  const prefix = `test-${randomUUID().slice(0, 8)}`;
  const kafka = patientKafka();
  const topics = topicNames(prefix);
  const first = topics[only[0] ?? 'content'];
  // Domains that are not asked for share the first one's topic, so that only a few are made.
  const wanted = Object.fromEntries(domains.map((domain) => [domain, only.includes(domain) ? topics[domain] : first]));
  await ensureTopics(kafka, wanted as Record<Domain, string>, { replicationFactor: 1 });
  await untilLed(kafka, [...new Set(Object.values(wanted))]);
  return {
    kafka,
    prefix,
    topics,
    messageCount: (domain) =>
      withAdmin(kafka, async (admin) => {
        const partitions = await admin.fetchTopicOffsets(topics[domain]);
        return partitions.reduce((sum, { low, high }) => sum + Number(high) - Number(low), 0);
      }),
    drop: () =>
      withAdmin(kafka, async (admin) => {
        const existing = await admin.listTopics();
        await admin.deleteTopics({ topics: existing.filter((topic) => topic.startsWith(`${prefix}.`)) });
      }),
  };
}

/**
 * Waits until the leader of each partition serves it. A busy broker names itself as the leader first and refuses what is sent
 * to it for a moment more: the product tries again, a test's own producer does not.
 */
async function untilLed(kafka: Kafka, topics: readonly string[]): Promise<void> {
  await withAdmin(kafka, async (admin) => {
    for (const topic of topics) {
      const isServed = () =>
        admin.fetchTopicOffsets(topic).then(
          () => true,
          () => false,
        );
      await waitFor(isServed, { everyMs: 50, what: `the leaders of ${topic}` });
    }
  });
}

/**
 * Creates topics and waits until each partition has a leader that serves it. kafkajs's own wait takes it for a failure that
 * a busy broker says "created" before it can be asked about the topic.
 */
export async function createTopics(kafka: Kafka, topics: ITopicConfig[]): Promise<void> {
  await withAdmin(kafka, async (admin) => {
    await admin.createTopics({ topics, waitForLeaders: false });
    const areLed = async (): Promise<boolean> => {
      const { topics: found } = await admin.fetchTopicMetadata({ topics: topics.map(({ topic }) => topic) });
      return found.every(({ partitions }) => partitions.every(({ leader }) => leader >= 0));
    };
    // Throws while a topic is unknown.
    await waitFor(() => areLed().catch(() => false), { everyMs: 100, what: 'leaders' });
  });
  await untilLed(
    kafka,
    topics.map(({ topic }) => topic),
  );
}

export interface Collector {
  /** Everything received so far, in the order of each partition. */
  readonly messages: readonly ReceivedMessage[];
  stop(): Promise<void>;
}

/** Reads topics from their beginning, each message once, in a group of its own; what is read is not the product's to judge. */
export function collect(kafka: Kafka, topics: readonly string[]): Promise<Collector> {
  return followTopics(kafka, topics, `collect-${randomUUID()}`);
}
