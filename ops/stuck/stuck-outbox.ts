import { type Pool } from 'pg';
import { holds as holdsOf } from '../../outbox/stuck.sql';
import { type DeadLetter, listDeadLetters } from '../dead-letters/dead-letters';
import { type HotAggregate, hottest } from '../status/hottest';
import { type OutboxReport, livingBridge } from '../status/outbox-report';
import { type Check } from '../why/why';
import { waitsFor } from '../why/why-event';

export interface HoldSeen {
  /** Of the dead letter, or of the event in another outbox. */
  readonly id: string;
  readonly aggregateId: string;
  readonly since: Date;
  readonly waitsFor: string | null;
  /** Pending rows behind it, at most 10,000. */
  readonly rows: number;
}

/** What waits in one outbox longer than it should. */
export interface OutboxStuck {
  /** No bridge lives. `since`: when the last one reported; null: none has within an hour. */
  readonly noBridge: { readonly since: string | null } | null;
  /** Type and reason, of living bridges. */
  readonly paused: readonly (readonly [type: string, why: string])[];
  /** By aggregate, and what the first row of each waits for. */
  readonly pending: readonly (HotAggregate & { readonly waits: Check | null })[];
  readonly holds: readonly HoldSeen[];
  readonly deadLetters: readonly DeadLetter[];
}

export async function outboxStuck(
  pool: Pool,
  of: { readonly bridges: OutboxReport['bridges']; readonly budgets: readonly number[]; readonly limit: number },
): Promise<OutboxStuck> {
  const { bridges, budgets, limit } = of;
  const living = bridges.filter(livingBridge);
  const [late, holds, deadLetters] = await Promise.all([
    hottest(pool, { budgets, least: 1, limit }),
    pool.query<HoldSeen>(holdsOf, [limit]),
    listDeadLetters(pool, { limit }),
  ]);
  const pending = [];
  for (const hot of late) pending.push({ ...hot, waits: await waitsFor(pool, hot.head, bridges) });
  const paused = new Map(living.flatMap(({ pausedTypes }) => Object.entries(pausedTypes)));
  return {
    noBridge: living.length > 0 ? null : { since: lastSeen(bridges) },
    paused: [...paused],
    pending,
    holds: holds.rows,
    deadLetters,
  };
}

function lastSeen(bridges: OutboxReport['bridges']): string | null {
  const seconds = Math.min(...bridges.map(({ seenSecondsAgo }) => seenSecondsAgo));
  return Number.isFinite(seconds) ? new Date(Date.now() - seconds * 1_000).toISOString() : null;
}
