import { setTimeout as pause } from 'node:timers/promises';
import { type ServiceName, serviceNames } from '../../../proof/services';
import { type PlannedFault, type Restore } from '../types';
import { type WorldDatabases } from './databases';
import { type Links } from './links';
import { type OutboxHolder } from './outbox-server';
import { patiently } from './patient-client';

/** What has a service's outbox alone: its server or database, the way there, and what became of it. */
export interface HarmedOutboxes {
  readonly links: Pick<Links, 'outboxProxies'>;
  readonly databases: Pick<WorldDatabases, 'outboxes'>;
  readonly outboxHolders: ReadonlyMap<ServiceName, OutboxHolder>;
  readonly restores: Restore[];
}

type End = () => Promise<void>;

/** Harms one outbox; all others go on. */
export async function harmOutbox(harmed: HarmedOutboxes, { kind, index }: PlannedFault): Promise<End> {
  const outbox = serviceNames[index];
  const holder = outbox && harmed.outboxHolders.get(outbox);
  const proxy = outbox && harmed.links.outboxProxies.get(outbox);
  if (outbox === undefined || holder === undefined || proxy === undefined)
    throw new Error(`there is no outbox ${index}`);
  switch (kind) {
    case 'kill':
      await holder.kill();
      return () => holder.start();
    case 'restart':
      await holder.stop();
      return () => holder.start();
    case 'pause':
      await holder.freeze();
      return () => holder.thaw();
    case 'restore':
      return restore(harmed, outbox, { holder, proxy });
    case 'slow':
      proxy.set({ slow: slowness });
      return async () => proxy.set('pass');
    case 'reset':
    case 'half-open':
      proxy.set(kind);
      return async () => proxy.set('pass');
    default:
      throw new Error(`there is no fault "${kind}" of an outbox`);
  }
}

/** As of the other servers: far above every budget, below most timeouts. */
const slowness = { latencyMs: 150, pieceBytes: 2_048 };

/**
 * What the outbox holds now is what it comes back with at the end of the fault. Then the first step of the runbook is done, before
 * its service can write again; the others are done when the audit has looked (`repair/`).
 */
async function restore(
  { databases, restores }: HarmedOutboxes,
  outbox: ServiceName,
  { holder, proxy }: { readonly holder: OutboxHolder; readonly proxy: { set(mode: 'reset' | 'pass'): void } },
): Promise<End> {
  const owner = databases.outboxes.find(({ name }) => name === outbox)?.urls.owner;
  if (owner === undefined) throw new Error(`no login of the owner of the outbox ${outbox}`);
  const stoppedAtMs = Date.now();
  const putBack = await holder.takeSnapshot();
  const copiedAtMs = Date.now();
  return async () => {
    await somethingToLose(owner, copiedAtMs);
    proxy.set('reset');
    const killedAtMs = Date.now();
    await putBack();
    await raiseSequence(owner);
    restores.push({ outbox, stoppedAtMs, copiedAtMs, killedAtMs, openAtMs: Date.now() });
    proxy.set('pass');
  };
}

/** A restore that takes nothing proves nothing: so many events that have a run must be lost, however slow the machine is. */
const eventsToLose = 3;
const mostWaitMs = 60_000;
const startedSince = `
  SELECT count(*)::int AS started FROM nova.outbox_events
  WHERE created_at > to_timestamp($1::float8 / 1000) AND published_at < now() - interval '1 second'`;

/** Waits until enough events written since then have their run. Their writers may be slow too, so there is a limit. */
async function somethingToLose(connectionString: string, sinceMs: number): Promise<void> {
  const deadline = performance.now() + mostWaitMs;
  await patiently(connectionString, async (client) => {
    while (performance.now() < deadline) {
      const { rows } = await client.query<{ started: number }>(startedSince, [sinceMs]);
      if ((rows[0]?.started ?? 0) >= eventsToLose) return;
      await pause(500);
    }
  });
}

/** Word for word as in docs/runbook.md. Greater than all that a run can write. */
const raise = `SELECT setval('nova.outbox_sequence', last_value + 1000000) FROM nova.outbox_sequence`;

const raiseSequence = (connectionString: string): Promise<void> =>
  patiently(connectionString, (client) => client.query(raise));
