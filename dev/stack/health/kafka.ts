import { type Admin, logLevel } from 'kafkajs';
import { Kafka } from '../../../runtime/kafkajs-repaired';
import type { StackAddresses } from '../addresses';
import type { Answer } from '../servers/server';

/** Partitions of the broker's topic of group offsets, each with a coordinator that loads by itself. */
export const offsetPartitions = 4;

/** Asks the broker for its cluster and then the broker it advertises for its topics: a wrong listener shows here. */
export async function askKafka(addresses: StackAddresses): Promise<Answer> {
  return withAdmin(addresses, async (admin) => {
    const cluster = await admin.describeCluster();
    if (cluster.brokers.length === 0) throw new Error('the cluster has no broker yet');
    await admin.listTopics();
    return { version: `cluster ${cluster.clusterId}, ${cluster.brokers.length} broker` };
  });
}

/**
 * Looks up a consumer group in each partition of the group offsets; fails while a coordinator is still loading, as after the
 * first start of a broker. Names that differ by one in their last letter are in neighbouring partitions.
 */
export async function askCoordinators(addresses: StackAddresses): Promise<void> {
  await withAdmin(addresses, async (admin) => {
    // Without it the client knows no broker to ask for the coordinator.
    await admin.listTopics();
    for (let n = 0; n < offsetPartitions; n += 1) await admin.fetchOffsets({ groupId: `nova-stack-${n}` });
  });
}

async function withAdmin<Result>(addresses: StackAddresses, ask: (admin: Admin) => Promise<Result>): Promise<Result> {
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
    return await ask(admin);
  } finally {
    await admin.disconnect().catch(() => undefined);
  }
}
