import { Client } from '@temporalio/client';
import { setTimeout as pause } from 'node:timers/promises';
import { signalDeleted } from '../../../client/signal-deleted';
import { Random } from '../../../proof/traffic/random';
import { type Scenario, type Services } from '../../../proof/traffic/scenarios/scenario';
import { environmentOf } from '../../../dev/stack/addresses';
import { configFrom, sharedSettings } from '../../../runtime/config';
import { connectClient } from '../../../runtime/temporal';
import { type ChaosWorld } from '../types';
import { burst, burstEvents, type BurstSize } from './bursts';
import { DoubtingBusiness } from './doubting-business';
import { drive } from './drive';
import { type Books } from './books';
import { readBooks } from './books-file';
import { followBookOf, type PreparedTraffic } from './prepare';
import { isAlikeInReleaseBefore } from './release-before';
import { openWritersPools } from './writers-pool';

/** How far the writers are, in events. */
export interface TrafficProgress {
  readonly committed: number;
  readonly inDoubt: number;
}

interface TrafficOptions {
  readonly world: ChaosWorld;
  readonly prepared: PreparedTraffic;
  readonly seed: number;
  /** Events per second, on average. */
  readonly rate: number;
  readonly burstSize: BurstSize;
  /** When it aborts no new transaction begins; those under way come to their end. */
  readonly until: AbortSignal;
  readonly onProgress?: (progress: TrafficProgress) => void;
}

/** A signal only makes things faster, so a service does not wait long for it. */
const signalPatienceMs = 3_000;
const progressEveryMs = 1_000;

/**
 * Behaves like business services whose database and pooler fail under them, until `until`. Returns their books, read back
 * from the file in the world's folder.
 * @throws only on mistakes of the writers themselves
 */
export async function runTraffic(options: TrafficOptions): Promise<Books> {
  const { world, prepared, seed, rate, burstSize, until, onProgress } = options;
  const { books, memory } = prepared;
  const pools = openWritersPools(world.writersUrls);
  const connection = connectClient(configFrom(sharedSettings.temporal, environmentOf(world.direct)));
  const client = new Client({ connection, namespace: world.direct.temporalNamespace });
  const services: Services = {
    business: new DoubtingBusiness(pools.services, books),
    world: memory,
    follows: followBookOf(world),
    signalPostDeleted: async (postId) => {
      const deps = { pool: pools.services.content, workflows: client.workflow };
      const signal = () => signalDeleted(deps, { aggregateType: 'post', aggregateId: postId });
      await client.withDeadline(Date.now() + signalPatienceMs, signal).catch(() => []);
    },
    pause: (ms) => pause(Math.max(0, ms)),
  };
  const reporting = setInterval(
    () => onProgress?.({ committed: books.committed, inDoubt: books.inDoubt }),
    progressEveryMs,
  );
  try {
    // Another stream than the preparation's, from the same seed.
    const random = new Random(seed ^ 0x5eed);
    let inBursts = 0;
    world.writers.burst = async (kind) => {
      const before = books.committed;
      await burst(kind, burstSize, services, random.fork());
      // What others committed meanwhile is counted too: at most a second of traffic, which comes on top.
      inBursts += Math.min(books.committed - before, burstEvents(kind, burstSize));
    };
    const mayRun = (scenario: Scenario) =>
      world.writers.besideReleaseBefore !== true || isAlikeInReleaseBefore(scenario);
    await drive({ services, random, rate, until, mayRun, committed: () => books.committed - inBursts });
  } finally {
    delete world.writers.burst;
    clearInterval(reporting);
    // A half-open line never says goodbye.
    await Promise.allSettled([pools.end(), connection.close()]);
  }
  return readBooks(world.folder);
}
