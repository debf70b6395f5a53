import { setTimeout as sleep } from 'node:timers/promises';
import { percentiles } from '../../../proof/report/percentiles';
import { type BenchStack } from '../with-stack';
import { startBridge } from './bridge-process';
import { type BenchDatabases } from './databases';
import { type OutboxSession, delays, openSessions } from './rows';

export interface StartsResult {
  readonly outboxes: number;
  readonly bridges: number;
  readonly rows: number;
  readonly rowsPerSecond: number;
  /** Starts of the outbox with the fewest to those of the one with the most, while all had a backlog; null: there is one. */
  readonly leastToMost: number | null;
}

export interface CriticalResult {
  readonly outboxes: number;
  /** Rows that waited in each of the others. */
  readonly backlog: number;
  /** Milliseconds from commit to the mark of the start. */
  readonly alone: { readonly p50: number; readonly p99: number };
  readonly behind: { readonly p50: number; readonly p99: number };
}

const drainMs = 180_000;

async function startBridges(stack: BenchStack, databases: BenchDatabases, bridges: number) {
  const names = Array.from({ length: bridges }, (_, i) => `bridge-${i + 1}-of-${databases.outboxes.length}`);
  return Promise.all(names.map((name) => startBridge(stack, databases, { name, listening: false })));
}

/** How fast a backlog drains that is spread over all outboxes; all of it is there at one moment. */
export async function measureStarts(
  stack: BenchStack,
  databases: BenchDatabases,
  { bridges, rows }: { readonly bridges: number; readonly rows: number },
): Promise<StartsResult> {
  const processes = await startBridges(stack, databases, bridges);
  const { sessions, close } = await openSessions(databases.outboxes);
  const outboxes = sessions.length;
  const each = Math.floor(rows / outboxes);
  try {
    await Promise.all(sessions.map((session) => session.prepare(each)));
    await Promise.all(sessions.map((session) => session.commit()));
    const begunMs = Date.now();
    await allDrained(sessions);
    const marks = await Promise.all(sessions.map(startTimes));
    const endMs = Math.max(...marks.flat());
    // Until the first of them has none left.
    const untilMs = Math.min(...marks.map((times) => Math.max(...times)));
    const counts = marks.map((times) => times.filter((ms) => ms <= untilMs).length);
    return {
      ...{ outboxes, bridges, rows: each * outboxes },
      rowsPerSecond: (each * outboxes * 1_000) / (endMs - begunMs),
      leastToMost: outboxes === 1 ? null : Math.min(...counts) / Math.max(...counts),
    };
  } finally {
    await Promise.all([close(), ...processes.map((process) => process.stop())]);
  }
}

/** Critical rows of one outbox while all the others have a backlog of Normal rows. */
export async function measureCritical(
  stack: BenchStack,
  databases: BenchDatabases,
  { rows, seconds }: { readonly rows: number; readonly seconds: number },
): Promise<CriticalResult> {
  const [bridge] = await startBridges(stack, databases, 1);
  const { sessions, close } = await openSessions(databases.outboxes);
  const [critical, ...others] = sessions as [OutboxSession, ...OutboxSession[]];
  const backlog = Math.floor(rows / others.length);
  try {
    await sleep(3_000);
    const alone = await criticalRows(critical, seconds);
    await Promise.all(others.map((session) => session.prepare(backlog)));
    await Promise.all(others.map((session) => session.commit()));
    const behind = await criticalRows(critical, seconds);
    if ((await startTimes(others[0] as OutboxSession)).length === backlog)
      throw new Error('the bench is too small: a backlog was gone before the last Critical row was written');
    await allDrained(sessions);
    return { outboxes: sessions.length, backlog, alone, behind };
  } finally {
    await Promise.all([close(), bridge?.stop()]);
  }
}

async function criticalRows(session: OutboxSession, seconds: number): Promise<CriticalResult['alone']> {
  const written: { session: OutboxSession; id: string; committedMs: number }[] = [];
  for (const end = performance.now() + seconds * 1_000; performance.now() < end; await sleep(50 + 100 * Math.random()))
    written.push({ session, ...(await session.publish('critical', false)) });
  const figures = percentiles(await delays(written));
  return { p50: figures?.p50 ?? Infinity, p99: figures?.p99 ?? Infinity };
}

const startTimes = async (session: OutboxSession): Promise<number[]> =>
  (await session.starts()).flatMap(({ startedMs }) => startedMs ?? []);

async function allDrained(sessions: readonly OutboxSession[]): Promise<void> {
  const drained = await Promise.all(sessions.map((session) => session.drained(drainMs)));
  if (!drained.every(Boolean)) throw new Error(`the backlog did not drain within ${drainMs / 1_000} s`);
}
