import { type Admin, type Kafka } from 'kafkajs';

export interface TopicLag {
  readonly topic: string;
  readonly partition: number;
  /** Messages between what the group has committed and the end of the partition. */
  readonly lag: number;
}

/** How far a group is behind. @throws what kafkajs throws when no broker replies */
export async function lagOf(kafka: Kafka, group: string, topics: readonly string[]): Promise<TopicLag[]> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    const ofGroup = await admin.fetchOffsets({ groupId: group, topics: [...topics] });
    const all = await Promise.all(ofGroup.map((committed) => lagOfTopic(admin, committed)));
    return all.flat();
  } finally {
    await admin.disconnect();
  }
}

type Committed = Awaited<ReturnType<Admin['fetchOffsets']>>[number];

async function lagOfTopic(admin: Admin, { topic, partitions }: Committed): Promise<TopicLag[]> {
  const committed = new Map(partitions.map(({ partition, offset }) => [partition, Number(offset)]));
  const ends = await admin.fetchTopicOffsets(topic);
  return ends.map(({ partition, low, high }) => {
    // -1, or a place that retention has removed: the group begins at what is there.
    const from = Math.max(committed.get(partition) ?? -1, Number(low));
    return { topic, partition, lag: Math.max(0, Number(high) - from) };
  });
}

/** The part of a gauge of prom-client that is needed here. */
interface LagGauge {
  reset(): void;
  set(labels: { topic: string; partition: string }, value: number): void;
}

/**
 * `collect` of a gauge of prom-client with the labels `topic` and `partition`: it asks at each scrape. While no broker replies
 * the gauge has no value.
 */
export function collectLag(subscription: { lag(): Promise<readonly TopicLag[]> }): (this: LagGauge) => Promise<void> {
  return async function collect() {
    const all = await subscription.lag().catch(() => []);
    this.reset();
    for (const { topic, partition, lag } of all) this.set({ topic, partition: String(partition) }, lag);
  };
}
