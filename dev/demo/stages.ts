import { type Reporter } from '../stack/reporter';
import { type CheckResult } from '../../proof/checks/check';
import { loadTruth } from '../../proof/observe/load-truth';
import { checksOf } from '../../proof/checks/table';
import { collectEvidence } from '../../proof/observe/collect';
import { type Cleanup } from '../../proof/run/cleanup';
import { type KafkaReader, startKafkaReader } from '../../proof/observe/kafka-reader';
import { progressLine } from '../../proof/observe/outbox-counts';
import { settle, type Settled } from '../../proof/observe/settle';
import { type DemoOptions } from './options';
import { Random } from '../../proof/traffic/random';
import { outboxesIn } from '../../proof/services';
import { checkIsolation } from './report/isolation';
import { type Latencies, measureLatencies } from './report/latency';
import { type Environment, feedCap, startProcesses } from './setup/environment';
import { type Graph, insertGraph, planGraph } from '../../proof/traffic/graph';
import { type DemoProcess } from '../../proof/run/processes';
import { waitReady } from '../../proof/run/wait-ready';
import { type Steps } from '../../proof/run/steps';
import { thousands as n } from '../../proof/report/thousands';
import { runTraffic, type Traffic } from './run-traffic';

/** How a run shows itself, and whether it is to end early. */
export interface Show {
  readonly steps: Steps;
  readonly report: Reporter;
  /** How often the counts are shown, milliseconds. */
  readonly detailEveryMs: number;
  readonly interrupted: AbortSignal;
}

/** A system at work: the social graph is there, one bridge and the workers run, and someone listens to Kafka. */
export interface Running {
  readonly graph: Graph;
  readonly follows: number;
  readonly processes: readonly DemoProcess[];
  readonly kafka: KafkaReader;
}

/** Nothing may stand still for this long. Longer than an upload waits for its post. */
const patienceMs = 60_000;
const readyTimeoutMs = 90_000;
const kafkaPatienceMs = 20_000;

export async function startSystem(
  environment: Environment,
  options: DemoOptions,
  { steps, interrupted }: Show,
  cleanup: Cleanup,
): Promise<Running> {
  const { addresses, names, connection, database, folder } = environment;
  interrupted.throwIfAborted();
  const graph = planGraph(options, new Random(options.seed));
  const processes = startProcesses(environment, graph.pullThreshold, cleanup);
  const inserted = steps.run(
    'graph',
    'the social graph',
    () => insertGraph(database.databases, graph),
    (count) => `${n(count)} follows among ${n(graph.people)} people`,
  );
  const ready = steps.run(
    'processes',
    'one bridge and the workers',
    (detail) => {
      const outboxes = outboxesIn(database.databases);
      const queues = { namespace: addresses.temporalNamespace, taskQueuePrefix: names.taskQueuePrefix };
      return waitReady({ connection, ...queues, outboxes, processes, timeoutMs: readyTimeoutMs, interrupted, detail });
    },
    () => `${processes.map(({ name, pid }) => `${name} (pid ${pid})`).join(', ')}, logs in ${folder}`,
  );
  // If one fails the other is waited for, so that it cannot fail unheard later.
  await Promise.allSettled([inserted, ready]);
  const [follows] = await Promise.all([inserted, ready]);
  const kafka = await startKafkaReader(addresses.kafkaBrokers, names.topicPrefix, names.run);
  cleanup.add('the Kafka reader', () => kafka.close());
  return { graph, follows, processes, kafka };
}

export function doBusiness(
  environment: Environment,
  { graph }: Running,
  options: DemoOptions,
  { steps, interrupted, detailEveryMs }: Show,
): Promise<Traffic> {
  return steps.run(
    'traffic',
    'business transactions',
    (detail) => runTraffic(environment, graph, options, { interrupted, detail, detailEveryMs }),
    ({ books, eventsPerSecond }) =>
      `${n(books.committed.size)} events in ${n(books.transactions)} transactions, ` +
      `${eventsPerSecond.toFixed(1)}/s; ${books.rolledBack.size} events rolled back`,
  );
}

export function waitSettled(
  { database, client, names }: Environment,
  { processes }: Running,
  { events }: DemoOptions,
  { steps, interrupted, detailEveryMs }: Show,
): Promise<Settled> {
  const look = (detail: (text: string) => void) => {
    let shownAt = 0;
    return settle({
      databases: database.databases,
      client,
      query: names.workflowQuery,
      patienceMs,
      interrupted,
      assertAlive: () => processes.forEach((process) => process.assertAlive()),
      onLook: (counts, open) => {
        if (performance.now() - shownAt < detailEveryMs) return;
        shownAt = performance.now();
        detail(progressLine(counts, { events, open, perSecond: null, secondsLeft: null }));
      },
    });
  };
  return steps.run('settle', 'everything that follows from them', look, ({ ok, missing }) =>
    ok ? 'nothing is pending and no workflow is open' : `gave up: still ${missing.join(', ')}`,
  );
}

export interface Verified {
  readonly checks: readonly CheckResult[];
  readonly latency: Latencies;
}

export function verify(
  { database, client, names, addresses, mails }: Environment,
  { graph, kafka }: Running,
  { books, reachable }: Traffic,
  { steps }: Show,
): Promise<Verified> {
  const look = async (detail: (text: string) => void): Promise<Verified> => {
    const { databases } = database;
    const settings = { pullThreshold: graph.pullThreshold, feedCap };
    const { truth, unaccounted } = await loadTruth(databases, books, settings);
    const redis = { url: addresses.redisUrl, prefix: names.redisPrefix };
    const { workflowQuery } = names;
    detail('reading Kafka to its end');
    await kafka.readToEnd(kafkaPatienceMs);
    const ids = truth.events.map(({ id }) => id);
    const read = await collectEvidence({ databases, client, workflowQuery, redis }, ids, detail);
    detail('comparing');
    const evidence = { ...read, unaccounted, messages: kafka.messages, mails: mails.received };
    const checks = [...checksOf(truth, evidence, reachable), await checkIsolation(database.outboxes)];
    return { checks, latency: await measureLatencies(databases, truth.events, kafka.messages) };
  };
  const title = 'looking at the servers, independently of the code under test';
  return steps.run('verify', title, look, ({ checks }) => {
    return `${checks.filter(({ ok }) => ok).length} of ${checks.length} checks hold`;
  });
}
