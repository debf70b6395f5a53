import { type Cleanup } from './cleanup';
import { loadTruth } from './checks/load-truth';
import { runChecks } from './checks/run-checks';
import { startKafkaReader } from './observe/kafka-reader';
import { progressLine } from './observe/outbox-counts';
import { settle } from './observe/settle';
import { type DemoOptions } from './options';
import { Random } from './random';
import { measureLatencies } from './report/latency';
import { summarize, type Summary } from './report/summary';
import { webUiUrl } from './run-names';
import { prepareEnvironment, startProcesses } from './setup/environment';
import { insertGraph, planGraph } from './setup/graph';
import { bringStackUp } from './setup/stack';
import { waitReady } from './setup/wait-ready';
import { type Steps } from './steps';
import { type Reporter } from '../stack/reporter';
import { runTraffic } from './traffic/run-traffic';
import { nowMs } from './traffic/ledger';

export interface Show {
  readonly steps: Steps;
  readonly report: Reporter;
  /** How often the counts are shown, milliseconds. */
  readonly detailEveryMs: number;
  readonly interrupted: AbortSignal;
}

/** The default of FEED_CAP. */
const feedCap = 800;
/** Nothing may stand still for this long. Longer than an upload waits for its post. */
const patienceMs = 60_000;

/** The whole run, up to its result. Everything that must be undone is in `cleanup`, whatever happens. */
export async function runDemo(options: DemoOptions, show: Show, cleanup: Cleanup): Promise<Summary> {
  const { steps, interrupted, detailEveryMs } = show;
  const begunMs = nowMs();
  const stack = await bringStackUp(show.report, interrupted, cleanup);
  const environment = await steps.run(
    'database',
    'a fresh database, migrated',
    () => prepareEnvironment(stack, cleanup),
    ({ names }) => `database ${names.database}, migrated`,
  );
  const { names, addresses, client, connection } = environment;
  const { pool } = environment.database;

  const graph = planGraph(options, new Random(options.seed));
  interrupted.throwIfAborted();
  const processes = startProcesses(environment, graph.pullThreshold, cleanup);
  const [follows] = await bothOf(
    steps.run(
      'graph',
      'the social graph',
      () => insertGraph(pool, graph),
      (count) => {
        return `${count.toLocaleString('en')} follows among ${graph.people.toLocaleString('en')} people`;
      },
    ),
    steps.run(
      'processes',
      'one bridge and the workers',
      (detail) => {
        const { temporalNamespace: namespace } = addresses;
        const { taskQueuePrefix } = names;
        return waitReady({
          connection,
          namespace,
          taskQueuePrefix,
          pool,
          processes,
          timeoutMs: 90_000,
          interrupted,
          detail,
        });
      },
      () => processes.map(({ name, pid }) => `${name} (pid ${pid})`).join(', ') + `, logs in ${environment.folder}`,
    ),
  );
  const kafka = await startKafkaReader(addresses.kafkaBrokers, names.topicPrefix, names.run);
  cleanup.add('the Kafka reader', () => kafka.close());

  const traffic = await steps.run(
    'traffic',
    'business transactions',
    (detail) => runTraffic(environment, graph, options, { interrupted, detail, detailEveryMs }),
    ({ ledger, eventsPerSecond }) =>
      `${ledger.committed.size.toLocaleString('en')} events in ${ledger.transactions.toLocaleString('en')} transactions, ` +
      `${eventsPerSecond.toFixed(1)}/s; ${ledger.rolledBack.size} events rolled back`,
  );
  const settled = await steps.run(
    'settle',
    'everything that follows from them',
    (detail) => {
      let shownAt = 0;
      return settle({
        pool,
        client,
        query: names.workflowQuery,
        patienceMs,
        interrupted,
        assertAlive: () => processes.forEach((process) => process.assertAlive()),
        onLook: (counts, open) => {
          if (performance.now() - shownAt < detailEveryMs) return;
          shownAt = performance.now();
          detail(progressLine(counts, { events: options.events, perSecond: 0, open, secondsLeft: null }));
        },
      });
    },
    ({ ok, missing }) => (ok ? 'nothing is pending and no workflow is open' : `still ${missing.join(', ')}`),
  );
  const settleMs = nowMs() - traffic.endedAtMs;

  const { checks, latency } = await steps.run(
    'verify',
    'looking at the servers, independently of the code under test',
    async (detail) => {
      const settings = { pullThreshold: graph.pullThreshold, feedCap };
      const { truth, unaccounted } = await loadTruth(pool, traffic.ledger, settings);
      const { reachable } = traffic;
      const redis = { url: addresses.redisUrl, prefix: names.redisPrefix };
      const mails = environment.mails.received;
      const workflowQuery = names.workflowQuery;
      const evidence = { truth, unaccounted, reachable, pool, client, workflowQuery, redis, kafka, mails };
      const results = await runChecks(evidence, detail);
      return { checks: results, latency: await measureLatencies(pool, truth.events, kafka.messages) };
    },
    ({ checks: results }) => `${results.filter(({ ok }) => ok).length} of ${results.length} checks hold`,
  );
  return summarize({
    run: names.run,
    seed: options.seed,
    events: traffic.ledger.committed.size,
    rolledBack: traffic.ledger.rolledBack.size,
    transactions: traffic.ledger.transactions,
    follows,
    eventsPerSecond: traffic.eventsPerSecond,
    settleMs,
    totalMs: nowMs() - begunMs,
    latency,
    unsettled: settled.missing,
    checks,
    webUi: webUiUrl(addresses.temporalUiUrl, addresses.temporalNamespace, names.workflowQuery),
  });
}

/** Both side by side; if one fails, the other is waited for, so that it cannot fail unheard later. */
async function bothOf<A, B>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([a, b]);
  return Promise.all([a, b]);
}
