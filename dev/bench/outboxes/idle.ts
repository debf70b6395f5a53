import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { percentiles } from '../../../proof/report/percentiles';
import { type BenchStack } from '../with-stack';
import { type BenchBridge, startBridge } from './bridge-process';
import { type Cost, costOf } from './cost';
import { type BenchDatabases } from './databases';
import { type OutboxSession, delays, openSessions } from './rows';

export interface IdleSizes {
  /** Connections that are not used are closed after half a minute. */
  readonly settleSeconds: number;
  readonly seconds: number;
  readonly events: number;
}

export interface IdleResult extends Cost {
  readonly outboxes: number;
  readonly way: 'polled' | 'nudged';
  /** Of the bridge's page of metrics. */
  readonly series: number;
  /** From commit to the mark of the start, milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

/** Nudged rows per outbox before anything is measured: a bridge polls an outbox less once it knows that nudges come. */
const firstRows = 12;

/** What one bridge with so many idle outboxes costs, and how long a single event in one of them waits. */
export async function measureIdle(
  stack: BenchStack,
  databases: BenchDatabases,
  way: IdleResult['way'],
  { settleSeconds, seconds, events }: IdleSizes,
  say: (text: string) => void,
): Promise<IdleResult> {
  const nudged = way === 'nudged';
  const count = databases.outboxes.length;
  const what = `${count} ${way}`;
  const bridge = await startBridge(stack, databases, { name: `bridge-${count}-${way}`, listening: nudged });
  const { sessions, close } = await openSessions(databases.outboxes);
  const admin = new Client({ connectionString: stack.addresses.databaseUrl, application_name: 'nova-bench' });
  admin.on('error', () => undefined);
  await admin.connect();
  try {
    say(`${what}: first rows`);
    for (let i = 0; i < firstRows; i++) {
      for (const session of sessions) await session.publish('normal', nudged);
      await sleep(300);
    }
    say(`${what}: ${settleSeconds} s of rest`);
    await sleep(settleSeconds * 1_000);
    say(`${what}: ${seconds} s of watching`);
    const cost = await costOf(bridge.pid, admin, databases.prefix, seconds);
    say(`${what}: ${events} single events`);
    const waited = percentiles(await singleEvents(sessions, events, nudged));
    return {
      ...{ outboxes: count, way, ...cost, series: await seriesOf(bridge) },
      ...{ p50: waited?.p50 ?? Infinity, p99: waited?.p99 ?? Infinity },
    };
  } finally {
    await Promise.all([close(), admin.end(), bridge.stop()]);
  }
}

/** One event at a time, each in an outbox that has rested for as long as there are others, at moments that no poll follows. */
async function singleEvents(sessions: readonly OutboxSession[], events: number, nudge: boolean): Promise<number[]> {
  const written: { session: OutboxSession; id: string; committedMs: number }[] = [];
  for (let i = 0; i < events; i++) {
    const session = sessions[i % sessions.length] as OutboxSession;
    written.push({ session, ...(await session.publish('normal', nudge)) });
    await sleep(100 + 200 * Math.random());
  }
  return delays(written);
}

async function seriesOf(bridge: BenchBridge): Promise<number> {
  return (await bridge.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#')).length;
}
