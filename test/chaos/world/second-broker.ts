import { readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Kafka } from 'kafkajs';
import { topicPartitions } from '../../../contracts/catalogue';
import { domains } from '../../../contracts/events/define';
import { topicNames } from '../../../contracts/kafka';
import { freePort } from '../../../dev/stack/ports';
import { type ProcessRef, spawnDaemon, stopProcess } from '../../../dev/stack/processes';
import { kafka as localKafka } from '../../../dev/stack/servers/kafka';
import { until } from '../../../dev/stack/until';
import { createKafka } from '../../../runtime/kafka';
import { makeNode, secondId } from '../../support/kafka-cluster';
import { createTopics, withAdmin } from '../../support/kafka';
import { silentLogger } from '../../support/logger';
import { type ChaosServers } from './servers';

/** Broker 2, which alone has one partition of each topic: while it is away, these have no leader. */
export interface SecondBroker {
  /** SIGKILL. */
  kill(): Promise<void>;
  /** SIGSTOP, or SIGCONT. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void;
  /** On the same data and port; resolves when the controller knows it. */
  start(): Promise<void>;
  close(): Promise<void>;
}

interface SecondBrokerOptions {
  readonly servers: Pick<ChaosServers, 'addresses' | 'kafkaNode'>;
  readonly topicPrefix: string;
  readonly onStart: (pid: number) => void;
}

const patienceMs = 600_000;

/**
 * Adds a second broker to the run's, and makes the product's topics before the product does: the last partition of each
 * lives on broker 2 only. The offsets of consumer groups stay on the first, so that readers go on with all others.
 */
export async function startSecondBroker(options: SecondBrokerOptions): Promise<SecondBroker> {
  const { servers, topicPrefix, onStart } = options;
  const { data: first, controllerPort: controller } = servers.kafkaNode;
  const located = await localKafka.locate(process.env);
  const program = 'ready' in located ? located.ready : await located.fetch(() => undefined);
  const data = join(dirname(first), 'kafka-2');
  const logFile = join(dirname(first), 'logs', 'kafka-2.log');
  rmSync(data, { recursive: true, force: true });
  const cluster = /^cluster\.id=(.+)$/m.exec(readFileSync(join(first, 'log', 'meta.properties'), 'utf8'))?.[1] ?? '';
  const node = { program, data };
  const command = await makeNode(node, { port: await freePort(), controller, cluster, isSecond: true });
  const kafka = createKafka({ kafkaBrokers: servers.addresses.kafkaBrokers.split(',') }, 'chaos-setup', silentLogger);

  let living: ProcessRef | undefined;
  const start = async (): Promise<void> => {
    living = spawnDaemon(command, logFile, join(data, 'pid'));
    onStart(living.pid);
    const brokers = () => withAdmin(kafka, async (admin) => (await admin.describeCluster()).brokers.length);
    const known = async () => (await brokers().catch(() => 0)) >= 2;
    if (!(await until(known, { timeoutMs: patienceMs, everyMs: 250 })))
      throw new Error(
        `the second broker is not part of the cluster after ${patienceMs / 1_000} s; its log: ${logFile}`,
      );
  };
  const kill = async (): Promise<void> => {
    if (living !== undefined) await stopProcess(living, 'SIGKILL', 10_000);
  };
  try {
    await until(() => knowsGroups(kafka), { timeoutMs: patienceMs, everyMs: 500 });
    await start();
    const names = topicNames(topicPrefix);
    await createTopics(
      kafka,
      domains.map((domain) => spread(names[domain], topicPartitions[domain])),
    );
  } catch (thrown) {
    await kill();
    throw thrown;
  }
  return {
    kill,
    signal: (signal) => {
      if (living !== undefined) process.kill(living.pid, signal);
    },
    start,
    close: async () => {
      await kill();
      rmSync(data, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Makes the topic of the groups' offsets, which takes a moment: asking for a group's makes it. */
function knowsGroups(kafka: Kafka): Promise<boolean> {
  return withAdmin(kafka, (admin) => admin.fetchOffsets({ groupId: 'chaos-setup' })).then(
    () => true,
    () => false,
  );
}

/** As the workers make it, but for where the last partition lives. */
function spread(topic: string, partitions: number) {
  return {
    topic,
    replicaAssignment: Array.from({ length: partitions }, (_, partition) => ({
      partition,
      replicas: [partition === partitions - 1 ? secondId : 1],
    })),
    configEntries: [{ name: 'message.timestamp.type', value: 'LogAppendTime' }],
  };
}
