import { logLevel } from 'kafkajs';
import { Kafka } from '../../../runtime/kafkajs-repaired';
import type { StackAddresses } from '../addresses';
import type { Answer } from '../servers/server';

/** Asks the broker for its cluster and then the broker it advertises for its topics: a wrong listener shows here. */
export async function askKafka(addresses: StackAddresses): Promise<Answer> {
  const kafka = new Kafka({
    clientId: 'nova-stack-health',
    brokers: addresses.kafkaBrokers.split(',').map((broker) => broker.trim()),
    connectionTimeout: 3_000,
    requestTimeout: 4_000,
    retry: { retries: 0 },
    logLevel: logLevel.NOTHING,
  });
  const admin = kafka.admin();
  try {
    await admin.connect();
    const cluster = await admin.describeCluster();
    if (cluster.brokers.length === 0) throw new Error('the cluster has no broker yet');
    await admin.listTopics();
    return { version: `cluster ${cluster.clusterId}, ${cluster.brokers.length} broker` };
  } finally {
    await admin.disconnect().catch(() => undefined);
  }
}
