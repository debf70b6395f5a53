import { setTimeout as sleep } from 'node:timers/promises';
import { type Admin, type Kafka, KafkaJSError } from 'kafkajs';
import { topicPartitions } from '../contracts/catalogue';
import { type Domain, domains } from '../contracts/events/define';

/**
 * Messages carry the broker's time, not their worker's: a worker whose clock is wrong would otherwise have its messages kept
 * too long or deleted at once, and the audit would take them for sent after their mark.
 */
const configEntries = [{ name: 'message.timestamp.type', value: 'LogAppendTime' }];

export interface TopicOptions {
  /** Copies of each partition; -1 leaves it to the broker. */
  readonly replicationFactor: number;
  readonly timeoutMs?: number;
}

/**
 * Creates the topics that do not exist, with the partitions of the catalogue, and returns their names. Safe to run from
 * many processes at once. Existing topics are left as they are: more partitions would move keys.
 */
export async function ensureTopics(
  kafka: Kafka,
  topics: Readonly<Record<Domain, string>>,
  { replicationFactor, timeoutMs = 10_000 }: TopicOptions,
): Promise<string[]> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    const before = new Set(await admin.listTopics());
    // Two domains may be sent to one topic by configuration.
    const missing = new Map(
      domains
        .filter((domain) => !before.has(topics[domain]))
        .map((domain) => [
          topics[domain],
          { topic: topics[domain], numPartitions: topicPartitions[domain], replicationFactor, configEntries },
        ]),
    );
    if (missing.size === 0) return [];
    await admin.createTopics({ topics: [...missing.values()], waitForLeaders: false, timeout: timeoutMs });
    const created = [...missing.keys()];
    await untilServed(admin, created, timeoutMs);
    return created;
  } finally {
    await admin.disconnect();
  }
}

/** A busy broker says "created" before it can be asked about the topic, and kafkajs's own wait takes that for a failure. */
async function untilServed(admin: Admin, topics: string[], timeoutMs: number): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  for (;;) {
    try {
      // Throws while a topic, or the leader of a partition, is unknown.
      await admin.fetchTopicMetadata({ topics });
      return;
    } catch (thrown) {
      if (!(thrown instanceof KafkaJSError) || performance.now() > deadlineMs) throw thrown;
    }
    await sleep(100);
  }
}
