import { type ICustomPartitioner, type PartitionMetadata, Partitioners } from 'kafkajs';

/**
 * Which message goes to which partition, and how those partitions are. Learnt from what producers see: kafkajs shows a
 * topic's metadata to its partitioner at each send and to nothing else that is public.
 */
export class KafkaPartitions {
  private readonly known = new Map<string, PartitionMetadata[]>();
  private readonly choose = Partitioners.DefaultPartitioner();

  /** The default choice, by key; listens. */
  readonly partitioner: ICustomPartitioner = () => (message) => {
    this.known.set(message.topic, message.partitionMetadata);
    return this.choose(message);
  };

  /** The partition that a message with this key goes to; undefined before the first send to the topic. */
  of(topic: string, key: string): number | undefined {
    const partitionMetadata = this.known.get(topic);
    return partitionMetadata && this.choose({ topic, partitionMetadata, message: { key, value: null } });
  }

  /** True when a partition of the topic lacks its leader or a replica: sends to it may fail while others succeed. */
  degraded(topic: string): boolean {
    return (this.known.get(topic) ?? []).some(
      ({ leader, isr, replicas }) => leader < 0 || isr.length < replicas.length,
    );
  }
}
