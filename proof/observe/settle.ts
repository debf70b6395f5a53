import { type Client } from '@temporalio/client';
import { setTimeout as pause } from 'node:timers/promises';
import { type Databases } from '../services';
import { countOpen } from './workflow-runs';
import { outboxCounts, type OutboxCounts } from './outbox-counts';

export interface Settled {
  readonly ok: boolean;
  /** What was still missing when the patience ended; empty when everything is settled. */
  readonly missing: readonly string[];
}

interface SettleOptions {
  readonly databases: Databases;
  readonly client: Client;
  readonly query: string;
  /** How long nothing may change, milliseconds. */
  readonly patienceMs: number;
  readonly interrupted: AbortSignal;
  readonly assertAlive: () => void;
  readonly onLook: (counts: OutboxCounts, open: number) => void;
}

/** Waits until every row is started and on Kafka and no workflow is open; gives up when nothing moves any more. */
export async function settle(options: SettleOptions): Promise<Settled> {
  let last = '';
  let changedAt = performance.now();
  for (;;) {
    options.interrupted.throwIfAborted();
    options.assertAlive();
    const counts = await outboxCounts(options.databases);
    const open = await countOpen(options.client, options.query);
    options.onLook(counts, open);
    const missing = missingOf(counts, open);
    if (missing.length === 0) return { ok: true, missing };
    const now = missing.join(', ');
    if (now !== last) changedAt = performance.now();
    if (performance.now() - changedAt > options.patienceMs) return { ok: false, missing };
    last = now;
    // Looking costs the servers something too: often only near the end.
    await pause(counts.pending + counts.unemitted + open > 50 ? 1_000 : 200);
  }
}

function missingOf({ pending, unemitted, undelivered }: OutboxCounts, open: number): string[] {
  const all: [number, string][] = [
    [pending, 'events without a started workflow'],
    [unemitted, 'events not on Kafka'],
    [undelivered, 'e-mails under way'],
    [open, 'open workflows'],
  ];
  return all.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
}
