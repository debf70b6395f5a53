import { thousands as n } from '../report/thousands';
import { type Databases, outboxesIn } from '../services';

/** Where the committed rows are on their way. */
export interface OutboxCounts {
  readonly committed: number;
  readonly pending: number;
  readonly deadLettered: number;
  /** Neither on Kafka nor given up. */
  readonly unemitted: number;
  /** Deliveries by e-mail that are not over. */
  readonly undelivered: number;
}

type Rows = Omit<OutboxCounts, 'undelivered'>;

const rowsOf = `
  SELECT count(*)::int AS committed,
    count(*) FILTER (WHERE published_at IS NULL AND dead_lettered_at IS NULL)::int AS pending,
    count(*) FILTER (WHERE dead_lettered_at IS NOT NULL)::int AS "deadLettered",
    count(*) FILTER (WHERE emitted_at IS NULL AND dead_lettered_at IS NULL)::int AS unemitted
  FROM nova.outbox_events`;
const undeliveredIn = `
  SELECT count(*)::int AS undelivered FROM nova.notification_deliveries WHERE state IN ('pending', 'claimed')`;

/** Of all outboxes together. */
export async function outboxCounts(databases: Databases): Promise<OutboxCounts> {
  const pools = outboxesIn(databases);
  const each = await Promise.all(pools.map(async (pool) => firstOf((await pool.query<Rows>(rowsOf)).rows)));
  const { undelivered } = firstOf((await databases.state.query<{ undelivered: number }>(undeliveredIn)).rows);
  const sum = (name: keyof Rows): number => each.reduce((total, counts) => total + counts[name], 0);
  return {
    committed: sum('committed'),
    pending: sum('pending'),
    deadLettered: sum('deadLettered'),
    unemitted: sum('unemitted'),
    undelivered,
  };
}

function firstOf<Row>([row]: readonly Row[]): Row {
  if (row === undefined) throw new Error('the count returned no row');
  return row;
}

/** `1,234 of 5,000 committed · 38/s · 1,230 started · 1,228 on Kafka · 12 open · 14 s left` */
export function progressLine(
  counts: OutboxCounts,
  of: { events: number; perSecond: number | null; open: number; secondsLeft: number | null },
): string {
  const { committed, pending, deadLettered, unemitted } = counts;
  const parts = [
    `${bar((committed - unemitted) / of.events)} ${n(committed)} of ${n(of.events)} committed`,
    ...(of.perSecond === null ? [] : [`${of.perSecond.toFixed(0)}/s`]),
    `${n(committed - pending - deadLettered)} started`,
    `${n(committed - unemitted - deadLettered)} on Kafka`,
    `${n(of.open)} open`,
    ...(deadLettered > 0 ? [`${n(deadLettered)} dead-lettered`] : []),
    ...(of.secondsLeft === null ? [] : [`${of.secondsLeft.toFixed(0)} s left`]),
  ];
  return parts.join(' · ');
}

function bar(share: number): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * 16);
  return `${'█'.repeat(full)}${'░'.repeat(16 - full)}`;
}
