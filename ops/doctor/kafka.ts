import { ConfigResourceTypes } from 'kafkajs';
import { topicsOf } from '../../activities/emit/settings';
import { createKafka } from '../../runtime/kafka';
import { createLogger } from '../../runtime/logger';
import { type StatusConfig } from '../status/servers';
import { type Check, fault, lookAtServer, ok, warning } from './check';

const minimum = 'min.insync.replicas';

/** Brokers, our topics, and whether each partition can take what is sent. */
export async function checkKafka(config: StatusConfig): Promise<Check[]> {
  const admin = createKafka(config, 'nova-ops', createLogger('nova', 'silent')).admin();
  const topics = [...new Set(Object.values(topicsOf(config)))].sort();
  const reach = {
    work: async () => {
      await admin.connect();
      const { brokers } = await admin.describeCluster();
      return `${brokers.length} ${brokers.length === 1 ? 'broker' : 'brokers'}`;
    },
    cure: `start it, or correct KAFKA_BROKERS (${config.kafkaBrokers.join(',')})`,
  };
  const there = async (): Promise<string[]> => {
    const all = new Set(await admin.listTopics());
    return topics.filter((topic) => all.has(topic));
  };
  try {
    return await lookAtServer('Kafka', reach, {
      topics: async () => {
        const found = await there();
        const missing = topics.filter((topic) => !found.includes(topic));
        if (missing.length === 0) return ok(`all ${topics.length} are there`);
        const cure =
          'workers make them at their start with KAFKA_CREATE_TOPICS; else make them as docs/subscribing.md says';
        return fault(`without ${missing.join(', ')}`, cure);
      },
      partitions: async () => {
        const described = (await admin.fetchTopicMetadata({ topics: await there() })).topics;
        const all = described.flatMap(({ name, partitions }) => partitions.map((one) => ({ name, ...one })));
        const headless = all
          .filter(({ leader }) => leader < 0)
          .map(({ name, partitionId }) => `${name}/${partitionId}`);
        if (headless.length > 0)
          return fault(`without a leader: ${headless.join(', ')}`, 'bring the brokers back that have them');
        const behind = all.filter(({ isr, replicas }) => isr.length < replicas.length);
        if (behind.length > 0) {
          const says = `${behind.length} of ${all.length} have a replica that is behind`;
          return warning(says, 'look at the brokers: the next one that fails may stop them');
        }
        return ok(`all ${all.length} have a leader and all their replicas`);
      },
      copies: async () => {
        const found = await there();
        if (found.length === 0) throw new Error('there is no topic');
        const { resources } = await admin.describeConfigs({
          includeSynonyms: false,
          resources: found.map((name) => ({ type: ConfigResourceTypes.TOPIC, name, configNames: [minimum] })),
        });
        const described = (await admin.fetchTopicMetadata({ topics: found })).topics;
        const single = described.filter(({ partitions }) => partitions.some(({ replicas }) => replicas.length < 2));
        const loose = resources.filter(({ configEntries }) => Number(configEntries[0]?.configValue) < 2);
        if (single.length > 0)
          return warning(
            `${single.length} topics have one copy`,
            'a replication factor of 3, or an event is lost with its broker',
          );
        if (loose.length > 0)
          return warning(`${minimum} is 1`, `set ${minimum}=2, or an acknowledged event may have one copy`);
        return ok('each event has two copies or more before it counts as sent');
      },
    });
  } finally {
    void admin.disconnect().catch(() => undefined);
  }
}
