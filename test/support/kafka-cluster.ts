import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Kafka } from 'kafkajs';
import {
  clusterId,
  formatNode,
  kafka as localKafka,
  kafkaProperties,
  nodeCommand,
} from '../../dev/stack/servers/kafka';
import { choosePorts } from '../../dev/stack/ports';
import { type Command } from '../../dev/stack/processes';
import { endsWithUs } from '../../proof/run/at-our-end';
import { createKafka } from '../../runtime/kafka';
import { createTopics, withAdmin } from './kafka';
import { silentLogger } from './logger';
import { waitFor } from './wait-for';

/** Two brokers of a test file's own. The first is also the controller; the second can be killed and comes back. */
export interface KafkaCluster {
  readonly brokers: string;
  readonly kafka: Kafka;
  /** `replicas`: of each partition, the brokers that have it, 1 or 2. */
  createTopic(topic: string, replicas: readonly number[][], config?: Record<string, string>): Promise<void>;
  /** SIGKILL. Resolves when the controller knows: the partitions that only it had have no leader. */
  killSecond(): Promise<void>;
  startSecond(): Promise<void>;
  close(): Promise<void>;
}

export const secondId = 2;

export async function startKafkaCluster(): Promise<KafkaCluster> {
  const located = await localKafka.locate(process.env);
  const program = 'ready' in located ? located.ready : await located.fetch(() => undefined);
  const root = mkdtempSync(join(tmpdir(), 'nova-kafka-'));
  const [controller, ...ports] = await freePorts();
  const id = clusterId();
  const nodes = await Promise.all(
    ports.map(async (port, i) => {
      const node = { program, data: join(root, String(i + 1)) };
      return makeNode(node, { port, controller, cluster: id, isSecond: i === 1, properties: authorizer });
    }),
  );
  const running = new Map<number, ChildProcess>();
  const start = (i: number): void => {
    const { file, args, cwd } = nodes[i]!;
    running.set(i, endsWithUs(spawn(file, args, { cwd, stdio: 'ignore' })));
  };
  const kill = async (i: number): Promise<void> => {
    const child = running.get(i);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  };
  const brokers = ports.map((port) => `127.0.0.1:${port}`).join(',');
  const kafka = createKafka({ kafkaBrokers: brokers.split(',') }, 'nova-test', silentLogger);
  const alive = async (count: number): Promise<void> => {
    const seen = () => withAdmin(kafka, async (admin) => (await admin.describeCluster()).brokers.length);
    await waitFor(async () => (await seen().catch(() => 0)) === count, {
      timeoutMs: 300_000,
      everyMs: 250,
      what: `${count} brokers`,
    });
  };
  start(0);
  start(1);
  await alive(2);
  return {
    brokers,
    kafka,
    createTopic: (topic, replicas, config = {}) => {
      const replicaAssignment = replicas.map((of, partition) => ({ partition, replicas: of }));
      const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }));
      return createTopics(kafka, [{ topic, replicaAssignment, configEntries }]);
    },
    killSecond: async () => {
      await kill(1);
      await alive(1);
    },
    startSecond: async () => {
      start(1);
      await alive(2);
    },
    close: async () => {
      await Promise.all([kill(0), kill(1)]);
      rmSync(root, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

interface NodeOptions {
  readonly port: number;
  /** Port of the first node's controller. */
  readonly controller: number;
  /** The cluster's id. */
  readonly cluster: string;
  /** Broker 2, which is no controller; else broker 1, which is also the controller. */
  readonly isSecond: boolean;
  /** Lines for server.properties, which count more than the usual ones. */
  readonly properties?: readonly string[];
}

/** Everything is allowed but what a test takes away with an access rule of Kafka's. */
const authorizer = [
  'authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer',
  'allow.everyone.if.no.acl.found=true',
];

/** Makes the data folder of a node; returns what starts it. */
export async function makeNode(
  node: Parameters<typeof formatNode>[0],
  { port, controller, cluster, isSecond, properties: more = [] }: NodeOptions,
): Promise<Command> {
  mkdirSync(node.data);
  const properties = join(node.data, 'server.properties');
  // The last of two lines for one name counts.
  const second = [`process.roles=broker`, `node.id=${secondId}`, `listeners=PLAINTEXT://127.0.0.1:${port}`];
  const ports = { kafka: port, kafkaController: controller };
  const lines = [...more, ...(isSecond ? second : [])];
  writeFileSync(properties, `${kafkaProperties({ data: node.data, ports, profile: 'durable' })}${lines.join('\n')}\n`);
  await formatNode(node, properties, cluster);
  return nodeCommand(node, properties);
}

/** Never those that systems hand out: an outgoing connection might have one before the broker listens on it. */
async function freePorts(): Promise<readonly [controller: number, first: number, second: number]> {
  const {
    kafkaController = 0,
    kafka: first = 0,
    temporal: second = 0,
  } = await choosePorts(['kafkaController', 'kafka', 'temporal'], {}, {});
  return [kafkaController, first, second];
}
