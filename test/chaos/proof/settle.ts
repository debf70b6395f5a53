import { setTimeout as pause } from 'node:timers/promises';
import { type OutboxCounts, outboxCounts } from '../../../proof/observe/outbox-counts';
import { type Settled } from '../../../proof/observe/settle';
import { type Databases, outboxesIn } from '../../../proof/services';
import { countOpen } from '../../../proof/observe/workflow-runs';
import { toError } from '../../../runtime/errors';
import { type ChaosWorld } from '../types';
import { withWitnesses, type Witnesses } from './collect';
import { repairProgress } from './repair-progress';

interface SettleOptions {
  readonly world: ChaosWorld;
  /** How long nothing may change, milliseconds. Longer than the longest lease, time limit and pause between attempts. */
  readonly patienceMs?: number;
  readonly interrupted?: AbortSignal;
  readonly onLook?: (missing: readonly string[]) => void;
}

const defaultPatienceMs = 300_000;
/** Visibility lags behind, and a lost COMMIT may arrive late: it must hold for a while. */
const quietMs = 3_000;
const lookEveryMs = 500;

/** Transactions of the writers whose COMMIT may still come, and of those who died holding them. */
const openTransactions = `
  SELECT count(*)::int AS open FROM pg_stat_activity
  WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
    AND xact_start < clock_timestamp() - interval '2 seconds'`;

/** A subscriber that died may hold its partitions for as long as its session. $1 ids of events */
const notHeardOf = `
  SELECT count(*)::int AS events FROM unnest($1::uuid[]) AS o (id) CROSS JOIN (VALUES ('graph'), ('reader')) AS l (listener)
  WHERE NOT EXISTS (
    SELECT FROM business.heard h WHERE h.event_id = o.id AND h.listener = l.listener AND h.ended_at IS NOT NULL)`;
const emitted = 'SELECT id FROM nova.outbox_events WHERE dead_lettered_at IS NULL';

/**
 * A run that needed its row after a restore had taken it has failed. What it had not sent by then no run sends: it stays pending until the
 * housekeeping ends it, a retention later. An operator has explained it.
 */
const leftByRestores = `
  SELECT count(*)::int AS deliveries FROM nova.notification_deliveries d
  WHERE d.state = 'pending' AND EXISTS (
    SELECT FROM nova.audit_findings f
    WHERE f.event_id = d.event_id::text AND f.kind = 'run_without_row' AND f.acknowledged_at IS NOT NULL)`;

const repairsDue = 'SELECT count(*)::int AS due FROM nova.feed_stores WHERE repaired_epoch < epoch';

/**
 * Waits until every row is started and on Kafka, no workflow and no transaction is open and no e-mail is under way; gives
 * up when nothing moves any more, and says what is missing. A server that does not reply is waited for, too.
 */
export async function settleChaos(options: SettleOptions): Promise<Settled> {
  const { world, patienceMs = defaultPatienceMs, interrupted, onLook } = options;
  return withWitnesses(world, async (witnesses) => {
    let last = '';
    let changedAt = performance.now();
    for (;;) {
      interrupted?.throwIfAborted();
      const missing = await look(witnesses, world.names);
      onLook?.(missing);
      const now = missing.join(', ');
      if (now !== last) changedAt = performance.now();
      const stillMs = performance.now() - changedAt;
      if (missing.length === 0 && stillMs >= quietMs) return { ok: true, missing };
      if (missing.length > 0 && stillMs > patienceMs) return { ok: false, missing };
      last = now;
      await pause(lookEveryMs);
    }
  });
}

async function look({ databases, client }: Witnesses, names: ChaosWorld['names']): Promise<string[]> {
  try {
    const counts = await outboxCounts(databases);
    const pools = new Set([databases.state, ...outboxesIn(databases)]);
    const open = await Promise.all([...pools].map((pool) => pool.query<{ open: number }>(openTransactions)));
    const transactions = open.reduce((sum, { rows }) => sum + (rows[0]?.open ?? 0), 0);
    const left = await databases.state.query<{ deliveries: number }>(leftByRestores);
    const undelivered = counts.undelivered - (left.rows[0]?.deliveries ?? 0);
    const repairs = await databases.state.query<{ due: number }>(repairsDue);
    const missing = [
      ...((repairs.rows[0]?.due ?? 0) > 0
        ? [`the repair of Redis${await repairProgress(client, names.taskQueuePrefix).catch(() => '')}`]
        : []),
      ...missingOf({ ...counts, undelivered }, await countOpen(client, names.workflowQuery), transactions),
    ];
    // Tens of thousands of ids go from one database to the other: only when nothing else is missing.
    if (missing.length > 0) return missing;
    const unheard = await unheardIn(databases);
    return unheard > 0 ? [`${unheard} events a subscriber has not handled`] : [];
  } catch (thrown) {
    return [`a server does not reply: ${toError(thrown).message}`];
  }
}

async function unheardIn(databases: Databases): Promise<number> {
  const ids: string[] = [];
  for (const pool of outboxesIn(databases))
    ids.push(...(await pool.query<{ id: string }>(emitted)).rows.map(({ id }) => id));
  return (await databases.state.query<{ events: number }>(notHeardOf, [ids])).rows[0]?.events ?? 0;
}

function missingOf({ pending, unemitted, undelivered }: OutboxCounts, open: number, transactions: number): string[] {
  const all: [number, string][] = [
    [pending, 'events without a started workflow'],
    [unemitted, 'events not on Kafka'],
    [undelivered, 'e-mails under way'],
    [open, 'open workflows'],
    [transactions, 'open transactions'],
  ];
  return all.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
}
