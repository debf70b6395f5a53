import { Client } from 'pg';
import { until } from '../../../dev/stack/until';
import { createRecoverySampler } from '../schedule/recovery';
import { type ChaosWorld, type FaultKind, LeftOut } from '../types';
import { withMovableClock } from './counts';
import { type ManagedProcess, type Program } from './managed-process';
import { type ReleaseBefore } from './release-before';
import { type System } from './system';

/** A rollout goes on when the new process works, and gives that this long: other faults may be in the way. */
const readyMs = 60_000;
/** What was written before is left to today's release; a backlog that takes longer than this forbids the rollout. */
const drainMs = 60_000;

interface Rollout {
  readonly system: Pick<System, 'bridges' | 'workers'>;
  readonly releaseBefore: ReleaseBefore | undefined;
  readonly writers: ChaosWorld['writers'];
  readonly databaseUrl: string;
}

/**
 * A rollback to the release before and, when the function that is returned is called, the upgrade again: one process after
 * the other, all of one kind before the other kind. Those with a clock that can be moved stay today's, so both releases
 * work on the same rows, queues and topics all the time.
 */
export async function rollBackRelease(
  { system, releaseBefore: before, writers, databaseUrl }: Rollout,
  order: FaultKind,
): Promise<() => Promise<void>> {
  if (before === undefined) throw new Error('the release before was not prepared');
  const kinds = order === 'workers-first' ? (['workers', 'bridge'] as const) : (['bridge', 'workers'] as const);
  const replaceAll = async (programOf: (kind: 'bridge' | 'workers') => Program | undefined): Promise<void> => {
    for (const kind of kinds) {
      const processes = kind === 'bridge' ? system.bridges : system.workers;
      for (const process of processes.filter((_, index) => index !== withMovableClock[kind])) {
        await process.replaceBy(programOf(kind));
        const works = () => (kind === 'bridge' ? bridgeWorks(databaseUrl, process) : workersWork(process));
        await until(works, { timeoutMs: readyMs, everyMs: 500 });
      }
    }
  };
  writers.besideReleaseBefore = true;
  if (!(await drained(databaseUrl))) {
    writers.besideReleaseBefore = false;
    // The release before would do otherwise with it than the proof expects: it does not take back what a follow notified of.
    throw new LeftOut(`what was written before was still waiting after ${drainMs / 1_000} s`);
  }
  await replaceAll((kind) => before[kind]);
  return async () => {
    await replaceAll(() => undefined);
    writers.besideReleaseBefore = false;
  };
}

/** Whether all that was written before was started in time. */
async function drained(databaseUrl: string): Promise<boolean> {
  const sampler = createRecoverySampler([{ url: databaseUrl, wentBackToMs: () => 0 }]);
  const tookMs = await sampler.measure(AbortSignal.timeout(drainMs));
  await sampler.close();
  return tookMs !== null;
}

/** Bridges of both releases write down their state under a name that ends in their process id. */
async function bridgeWorks(databaseUrl: string, { pid }: ManagedProcess): Promise<boolean> {
  const client = new Client({ connectionString: databaseUrl, connectionTimeoutMillis: 3_000, query_timeout: 3_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const reported = `SELECT FROM nova.bridge_instances WHERE instance_id LIKE '%-' || $1`;
    return ((await client.query(reported, [pid])).rowCount ?? 0) > 0;
  } catch {
    return false; // the server is away
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** The release before says "working". */
function workersWork(process: ManagedProcess): boolean {
  return ['ready: tasks are taken', 'working'].some((message) => process.hasLogged(message));
}
