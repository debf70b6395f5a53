import { type Admin, logLevel } from 'kafkajs';
import { Kafka } from '../../runtime/kafkajs-repaired';
import { topicNames } from '../../contracts/kafka';
import { RestartingConsumer } from '../../runtime/kafka-consumer';
import { until } from '../../dev/stack/until';
import { nowMs } from '../traffic/books';

/** A message as it is on the broker. */
export interface StoredMessage {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Epoch milliseconds at which the broker, by its clock, stored the message. */
  readonly storedAtMs: number;
}

/** A message as a subscriber sees it. */
export interface ReceivedMessage extends StoredMessage {
  /** Epoch milliseconds at which this subscriber had it. */
  readonly receivedAtMs: number;
}

export interface KafkaReader {
  readonly messages: readonly ReceivedMessage[];
  /** Reads on until every partition is read to its end. */
  readToEnd(timeoutMs: number): Promise<void>;
  close(): Promise<void>;
}

/** Reads topics from their beginning, each message once, in a group of its own. */
export async function followTopics(
  kafka: Kafka,
  topics: readonly string[],
  groupId: string,
): Promise<{
  /** Everything received so far, in the order of each partition. */
  readonly messages: readonly ReceivedMessage[];
  /** Offset after the last one read, by `topic/partition`. */
  readonly positions: ReadonlyMap<string, number>;
  stop(): Promise<void>;
}> {
  const messages: ReceivedMessage[] = [];
  const positions = new Map<string, number>();
  const lasting = new RestartingConsumer(kafka, { groupId, maxWaitTimeInMs: 100 }, { onCrash: () => undefined });
  await lasting.start(
    { topics: [...topics], fromBeginning: true },
    {
      eachBatch: async ({ batch }) => {
        const receivedAtMs = nowMs();
        const { topic, partition } = batch;
        const position = positions.get(`${topic}/${partition}`) ?? 0;
        for (const message of batch.messages) {
          // Read again after a rebalance: the same message, not a second one.
          if (Number(message.offset) < position) continue;
          const headers = Object.entries(message.headers ?? {}).map(([name, value]) => [name, String(value)] as const);
          messages.push({
            topic,
            partition,
            offset: Number(message.offset),
            key: String(message.key),
            headers: Object.fromEntries(headers),
            body: String(message.value),
            storedAtMs: Number(message.timestamp),
            receivedAtMs,
          });
        }
        positions.set(`${topic}/${partition}`, Number(batch.lastOffset()) + 1);
      },
    },
  );
  return { messages, positions, stop: () => lasting.stop() };
}

/** A plain consumer of its own that reads all topics of the run from the beginning. */
export async function startKafkaReader(brokers: string, topicPrefix: string, run: string): Promise<KafkaReader> {
  const kafka = kafkaClient(brokers, `nova-demo-${run}`);
  const topics = [...new Set(Object.values(topicNames(topicPrefix)))];
  const groupId = `nova-demo-${run}`;
  const following = await followTopics(kafka, topics, groupId);
  const { messages, positions } = following;
  return {
    messages,
    async readToEnd(timeoutMs) {
      const ends = await endOffsets(kafka, topics);
      const atEnd = () => [...ends].every(([partition, end]) => (positions.get(partition) ?? 0) >= end);
      if (!(await until(atEnd, { timeoutMs, everyMs: 50 }))) {
        throw new Error(`the Kafka topics could not be read to their ends within ${timeoutMs / 1_000} s`);
      }
    },
    async close() {
      await following.stop();
      // The broker may not have heard yet that its member left. A group without members goes by itself.
      await withAdmin(kafka, (admin) => admin.deleteGroups([groupId])).catch(() => undefined);
    },
  };
}

/** How long a broker may take until it can say how far each partition goes. */
const offsetsMs = 60_000;

async function endOffsets(kafka: Kafka, topics: readonly string[]): Promise<Map<string, number>> {
  return withAdmin(kafka, async (admin) => {
    const ends = new Map<string, number>();
    // One after the other: kafkajs fails on a topic that it is asked for while it still fetches the metadata of others.
    for (const topic of topics) {
      let failure: unknown;
      const asked = async (): Promise<boolean> => {
        try {
          for (const { partition, high } of await admin.fetchTopicOffsets(topic))
            ends.set(`${topic}/${partition}`, Number(high));
          return true;
        } catch (thrown) {
          failure = thrown;
          return false;
        }
      };
      if (!(await until(asked, { timeoutMs: offsetsMs, everyMs: 250 })))
        throw new Error(`the broker does not say where ${topic} ends`, { cause: failure });
    }
    return ends;
  });
}

/** Deletes topics by prefix, but none of a run in `keep` (prefixes); returns how many. */
export async function deleteTopics(brokers: string, prefix: string, keep: readonly string[] = []): Promise<number> {
  return withAdmin(kafkaClient(brokers, 'nova-demo'), async (admin) => {
    const old = (await admin.listTopics()).filter(
      (topic) => topic.startsWith(prefix) && !keep.some((kept) => topic.startsWith(`${kept}.`)),
    );
    if (old.length > 0) await admin.deleteTopics({ topics: old });
    return old.length;
  });
}

function kafkaClient(brokers: string, clientId: string): Kafka {
  return new Kafka({ clientId, brokers: brokers.split(','), logLevel: logLevel.NOTHING });
}

export async function withAdmin<T>(kafka: Kafka, work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}
