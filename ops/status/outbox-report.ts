import { type Pool } from 'pg';
import { priorityName } from '../../contracts/priority';
import { pendingOfLanes, totals as totalsOf } from '../../outbox/operators.sql';
import { type HeldAggregates, heldAggregates } from '../dead-letters/held-aggregates';
import { type HotAggregate, anyAge, hottest } from './hottest';
import { type PartitionLine, partitionReport } from './partition-report';
import { type UnemittedAges, unemitted } from './unemitted';

const bridges = `
  SELECT instance_id AS instance, state, reason, paused_types AS "pausedTypes",
    extract(epoch FROM now() - heartbeat_at)::float8 AS "seenSecondsAgo"
  FROM nova.bridge_instances ORDER BY instance_id`;

/** What waits in one outbox. Ages in seconds. */
export interface OutboxReport {
  readonly pending: readonly { priority: string; rows: number; oldestSeconds: number; withError: number }[];
  readonly bridges: readonly {
    instance: string;
    state: string;
    reason: string | null;
    pausedTypes: Record<string, string>;
    seenSecondsAgo: number;
  }[];
  readonly deadLettered: number;
  readonly held: HeldAggregates;
  readonly startedNotEmitted: number;
  /** Aggregates with most pending rows. */
  readonly hottest: readonly HotAggregate[];
  readonly unemitted: UnemittedAges;
  readonly partitions: readonly PartitionLine[];
}

/** As many as a person reads. */
const mostHot = 5;

type InOutbox = { readonly outbox: string };

/** The same of all outboxes that reply: each line with its outbox, the totals of all together and of each. */
export interface OutboxesReport extends Omit<
  OutboxReport,
  'pending' | 'bridges' | 'partitions' | 'hottest' | 'unemitted'
> {
  readonly pending: readonly (OutboxReport['pending'][number] & InOutbox)[];
  readonly bridges: readonly (OutboxReport['bridges'][number] & InOutbox)[];
  readonly partitions: readonly (PartitionLine & InOutbox)[];
  readonly hottest: readonly (HotAggregate & InOutbox)[];
  readonly unemitted: readonly (UnemittedAges & InOutbox)[];
  readonly outboxes: readonly (Pick<OutboxReport, 'deadLettered' | 'held' | 'startedNotEmitted'> & InOutbox)[];
}

/** One report of several. */
export function reportOfAll(
  said: readonly { readonly outbox: string; readonly value: OutboxReport }[],
): OutboxesReport {
  const lines = <T>(of: (report: OutboxReport) => readonly T[]) =>
    said.flatMap(({ outbox, value }) => of(value).map((line) => ({ outbox, ...line })));
  const sum = (of: (report: OutboxReport) => number) => said.reduce((total, { value }) => total + of(value), 0);
  const since = said.flatMap(({ value }) => value.held.since ?? []).sort((a, b) => a.getTime() - b.getTime());
  return {
    pending: lines(({ pending }) => pending),
    bridges: lines(({ bridges: of }) => of),
    deadLettered: sum(({ deadLettered }) => deadLettered),
    held: {
      aggregates: sum(({ held }) => held.aggregates),
      rows: sum(({ held }) => held.rows),
      since: since[0] ?? null,
    },
    startedNotEmitted: sum(({ startedNotEmitted }) => startedNotEmitted),
    partitions: lines(({ partitions }) => partitions),
    hottest: lines(({ hottest: of }) => of)
      .sort((a, b) => b.rows - a.rows)
      .slice(0, mostHot),
    unemitted: said.map(({ outbox, value }) => ({ outbox, ...value.unemitted })),
    outboxes: said.map(({ outbox, value: { deadLettered, held, startedNotEmitted } }) => ({
      ...{ outbox, deadLettered, held, startedNotEmitted },
    })),
  };
}

/** A bridge that has not reported for longer is gone, as for the audit: it says what it did when it died. */
const bridgeGoneSeconds = 30;

export const livingBridge = ({ seenSecondsAgo }: { readonly seenSecondsAgo: number }): boolean =>
  seenSecondsAgo < bridgeGoneSeconds;

/** What each bridge of this outbox says of itself; one that was killed stands here for an hour. */
export async function bridgesOf(pool: Pool): Promise<OutboxReport['bridges']> {
  return (await pool.query<OutboxReport['bridges'][number]>(bridges)).rows;
}

/** What waits, where, and why: the state of one outbox at one glance. */
export async function outboxReport(pool: Pool, { retentionDays }: { retentionDays: number }): Promise<OutboxReport> {
  const [rows, instances, totals, partitions, held, hot, ages] = await Promise.all([
    pool.query<{ priority: number; rows: number; oldest_seconds: number; with_error: number }>(pendingOfLanes),
    bridgesOf(pool),
    pool.query<{ dead_lettered: number; started_not_emitted: number }>(totalsOf),
    partitionReport(pool, retentionDays),
    heldAggregates(pool),
    hottest(pool, { budgets: anyAge, least: 2, limit: mostHot }),
    unemitted(pool),
  ]);
  return {
    pending: rows.rows.map((row) => ({
      priority: priorityName(row.priority),
      rows: row.rows,
      oldestSeconds: row.oldest_seconds,
      withError: row.with_error,
    })),
    bridges: instances,
    deadLettered: totals.rows[0]?.dead_lettered ?? 0,
    held,
    startedNotEmitted: totals.rows[0]?.started_not_emitted ?? 0,
    partitions,
    hottest: hot,
    unemitted: ages,
  };
}
