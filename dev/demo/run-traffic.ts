import { setTimeout as pause } from 'node:timers/promises';
import { signalDeleted } from '../../client/signal-deleted';
import { type OutboxCounts, outboxCounts, progressLine } from '../../proof/observe/outbox-counts';
import { countOpen } from '../../proof/observe/workflow-runs';
import { type DemoOptions } from './options';
import { Random } from '../../proof/traffic/random';
import { type Environment } from './setup/environment';
import { type Graph, userId } from '../../proof/traffic/graph';
import { setPreferences } from '../../proof/traffic/preferences';
import { Business } from '../../proof/traffic/business';
import { followsByEvents } from '../../proof/traffic/follows';
import { driveTraffic } from '../../proof/traffic/drive';
import { Books, nowMs } from '../../proof/traffic/books';
import { type Services } from '../../proof/traffic/scenarios/scenario';
import { signUpFirst } from '../../proof/traffic/sign-up-first';
import { World } from '../../proof/traffic/world';

export interface Traffic {
  readonly books: Books;
  /** People whose address was known before the rest began. */
  readonly reachable: ReadonlySet<string>;
  readonly eventsPerSecond: number;
  /** When the last transaction was committed, epoch milliseconds. */
  readonly endedAtMs: number;
}

/** Behaves like the business services until the run's events are committed. */
export async function runTraffic(
  environment: Environment,
  graph: Graph,
  options: DemoOptions,
  live: { interrupted: AbortSignal; detail: (text: string) => void; detailEveryMs: number },
): Promise<Traffic> {
  const { databases, writers: pools, settings } = environment.database;
  const { events, rate } = options;
  const books = new Books();
  const world = new World(graph);
  const random = new Random(options.seed);
  const services: Services = {
    business: new Business(pools, books),
    world,
    follows: followsByEvents,
    signalPostDeleted: async (postId) => {
      const deps = { pool: pools.content, workflows: environment.client.workflow };
      // It only makes things faster: the delete event is committed, so a service goes on without it.
      await signalDeleted(deps, { aggregateType: 'post', aggregateId: postId }).catch(() => []);
    },
    pause: (ms) => pause(Math.max(0, ms)),
  };
  const { interrupted } = live;
  const beganMs = nowMs();
  const stopWatching = watch(environment, books, options, live);
  try {
    const count = Math.min(Math.ceil(events * 0.05), Math.floor(graph.users * 0.05));
    await signUpFirst(services, { pool: databases.state, count, rate, random: random.fork(), interrupted });
    const writers = Array.from({ length: graph.users }, (_, n) => userId(n));
    await setPreferences(settings, { writers, reachable: world.reachable }, random.fork());
    await driveTraffic({ services, books, random, events, rate, interrupted });
  } finally {
    await stopWatching();
  }
  const endedAtMs = Math.max(...[...books.committed.values()].map(({ atMs }) => atMs));
  const eventsPerSecond = books.committed.size / ((endedAtMs - beganMs) / 1_000);
  return { books, reachable: new Set(world.reachable), eventsPerSecond, endedAtMs };
}

/** Shows how far everything is, now and then; returns how to stop it. */
function watch(
  environment: Environment,
  books: Books,
  { events, rate }: DemoOptions,
  { detail, detailEveryMs }: { detail: (text: string) => void; detailEveryMs: number },
): () => Promise<void> {
  let last = { committed: 0, at: performance.now() };
  const look = async (): Promise<void> => {
    const counts: OutboxCounts = await outboxCounts(environment.database.databases);
    const open = await countOpen(environment.client, environment.names.workflowQuery);
    const at = performance.now();
    const perSecond = ((counts.committed - last.committed) / (at - last.at)) * 1_000;
    last = { committed: counts.committed, at };
    const secondsLeft = Math.max(0, (events - books.committed.size) / rate);
    detail(progressLine(counts, { events, perSecond, open, secondsLeft }));
  };
  const stop = new AbortController();
  const watching = (async () => {
    while (!stop.signal.aborted) {
      await pause(detailEveryMs, undefined, { signal: stop.signal }).catch(() => undefined);
      // Only for the display: those who need the answer report what is wrong.
      if (!stop.signal.aborted) await look().catch(() => undefined);
    }
  })();
  return async () => {
    stop.abort();
    await watching;
  };
}
