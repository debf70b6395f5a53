import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { locateKafka } from '../fetch/kafka-jars';
import { askCoordinators, offsetPartitions } from '../health/kafka';
import { runTool } from '../run-tool';
import { which } from '../which';
import type { Command } from '../processes';
import type { LocalServer, Setting } from './server';

/** Variable that names the port of a proxy before the broker. Without it, clients go past a proxy after their first call. */
export const kafkaAdvertisedPort = 'NOVA_STACK_KAFKA_ADVERTISED_PORT';

export const kafka: LocalServer = {
  name: 'kafka',
  title: 'Kafka',
  ports: ['kafka', 'kafkaController'],
  stopSignal: 'SIGTERM',
  startTimeoutMs: 240_000,
  locate: locateKafka,

  create: (setting) => formatNode(setting, writeProperties(setting), clusterId()),
  command: (setting) => nodeCommand(setting, writeProperties(setting)),
  furnish: askCoordinators,
};

type Node = Pick<Setting, 'program' | 'data'>;

/** Makes a node's log folder, for the cluster of this id. */
export async function formatNode(node: Node, properties: string, cluster: string): Promise<void> {
  const format = ['kafka.tools.StorageTool', 'format', '-t', cluster, '-c', properties];
  await runTool({
    file: java(),
    args: [...javaArguments(node, '-Xmx128m'), ...format],
    cwd: node.data,
    timeoutMs: 180_000,
    code: 'START_FAILED',
    whatToDo: 'look at what it said, or set KAFKA_BROKERS to a broker of your own',
  });
}

export function nodeCommand(node: Node, properties: string): Command {
  return {
    file: java(),
    args: [...javaArguments(node, '-Xms128m', '-Xmx384m'), 'kafka.Kafka', properties],
    cwd: node.data,
  };
}

const java = () => which('java') ?? 'java';

function javaArguments({ program, data }: Node, ...heap: string[]): string[] {
  const logging = join(data, 'log4j2.properties');
  writeFileSync(logging, log4j2);
  // One small broker on a busy machine: the serial collector and the first compiler start fastest and cost least.
  const cheap = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto', '-Djava.awt.headless=true'];
  return [...heap, ...cheap, `-Dlog4j2.configurationFile=${logging}`, '-cp', join(program.path, '*')];
}

function writeProperties(setting: Setting): string {
  const file = join(setting.data, 'server.properties');
  writeFileSync(file, kafkaProperties(setting));
  return file;
}

/**
 * After how much silence the controller takes the broker for dead. A killed broker's registration keeps its next start waiting
 * this long, so it is shorter than Kafka's 9 s where a broker is killed. The broker of tests is not: there it is longer than a
 * busy machine keeps a process waiting, since a broker taken for dead leads nothing until it is heard of again (seen: six
 * times in two minutes, and no group found its coordinator).
 */
const sessionMs = { durable: 4_000, test: 30_000 } as const;

/** One node that is broker and controller, for loopback only. */
export function kafkaProperties({
  data,
  ports,
  profile,
  kafkaAdvertisedPort = ports.kafka,
}: Pick<Setting, 'data' | 'ports' | 'profile' | 'kafkaAdvertisedPort'>): string {
  const broker = `127.0.0.1:${ports.kafka}`;
  const controller = `127.0.0.1:${ports.kafkaController}`;
  const settings: Record<string, string | number | boolean> = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@${controller}`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    listeners: `PLAINTEXT://${broker},CONTROLLER://${controller}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${kafkaAdvertisedPort}`,
    'log.dirs': join(data, 'log'),
    // Topics are made on purpose, with the partitions they need.
    'auto.create.topics.enable': false,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': offsetPartitions,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 4,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    // A consumer group of one should not wait for others to join.
    'group.initial.rebalance.delay.ms': 0,
    'broker.session.timeout.ms': sessionMs[profile],
    'broker.heartbeat.interval.ms': 500,
    'num.network.threads': 2,
    'num.io.threads': 4,
    'background.threads': 2,
    'log.cleaner.dedupe.buffer.size': 8 * 1024 * 1024,
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

/** Kafka's kind of id: 16 random bytes in URL-safe base 64. A leading hyphen would be taken for an option. */
export function clusterId(): string {
  return randomBytes(16).toString('base64url').replace(/^-/, 'A');
}

const log4j2 = `status=error
appender.console.type=Console
appender.console.name=STDOUT
appender.console.layout.type=PatternLayout
appender.console.layout.pattern=%d{ISO8601} %p %c{1}: %m%n
rootLogger.level=warn
rootLogger.appenderRef.console.ref=STDOUT
`;
