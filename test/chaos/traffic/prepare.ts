import { setTimeout as pause } from 'node:timers/promises';
import { Random } from '../../../proof/traffic/random';
import { type FollowBook, followsByEvents, followsByTable } from '../../../proof/traffic/follows';
import { type Graph, insertGraph, userId } from '../../../proof/traffic/graph';
import { setPreferences } from '../../../proof/traffic/preferences';
import { signUpFirst } from '../../../proof/traffic/sign-up-first';
import { World } from '../../../proof/traffic/world';
import { within } from '../../../dev/stack/until';
import { type ChaosWorld } from '../types';
import { DoubtingBusiness } from './doubting-business';
import { planChaosGraph } from './graph';
import { BooksFile, booksPath } from './books-file';
import { openDatabases } from '../world/databases';
import { openWritersPools } from './writers-pool';

const firstPeople = 60;
const signUpsPerSecond = 20;

/** What the writers start from. */
export interface PreparedTraffic {
  readonly graph: Graph;
  /** What the business services remember. */
  readonly memory: World;
  readonly books: BooksFile;
}

/**
 * Makes the business tables and the social graph, and lets the first people sign up. The system must be running, and in
 * health: it waits until the product knows them.
 */
export async function prepareTraffic(
  world: ChaosWorld,
  seed: number,
  interrupted: AbortSignal = new AbortController().signal,
): Promise<PreparedTraffic> {
  const random = new Random(seed);
  const graph = planChaosGraph(world.pullThreshold, random.fork());
  const memory = new World(graph);
  const books = new BooksFile(booksPath(world.folder));
  const direct = openDatabases(world.databases, 2, 'nova-chaos-setup');
  const pooled = openWritersPools(world.writersUrls);
  try {
    await insertGraph(direct, graph);
    const services = {
      business: new DoubtingBusiness(pooled.services, books),
      world: memory,
      follows: followBookOf(world),
      signalPostDeleted: async () => undefined,
      pause: (ms: number) => pause(Math.max(0, ms)),
    };
    const pace = { pool: direct.state, count: firstPeople, rate: signUpsPerSecond };
    await signUpFirst(services, { ...pace, random: random.fork(), interrupted });
    books.areReachable(memory.reachable);
    const writers = Array.from({ length: graph.users }, (_, n) => userId(n));
    await setPreferences(direct.state, { writers, reachable: memory.reachable }, random.fork());
    return { graph, memory, books };
  } finally {
    await Promise.allSettled([direct, pooled].map((pools) => within(5_000, 'the pools', pools.end())));
  }
}

/** With a database of its own the graph service cannot write the product's table: there the events say who follows whom. */
export function followBookOf({ together }: Pick<ChaosWorld, 'together'>): FollowBook {
  return together ? followsByTable : followsByEvents;
}
