import { type Pool } from 'pg';

const stores = `
  SELECT name, epoch, lost_at, lost_since, lost_reason, repaired_epoch < epoch AS repairing, repaired_at, eviction,
    extract(epoch FROM clock_timestamp() - beat_at)::float8 AS seen_seconds_ago
  FROM nova.feed_stores ORDER BY name`;

/** What the workers wrote down of a Redis that holds feeds. */
export interface FeedStoreLine {
  /** REDIS_KEY_PREFIX. */
  readonly name: string;
  readonly epoch: number;
  readonly lostAt: Date | null;
  readonly lostSince: Date | null;
  readonly lostReason: string | null;
  /** Something was lost and is not yet compared with the tables. */
  readonly repairing: boolean;
  readonly repairedAt: Date | null;
  readonly eviction: string | null;
  readonly seenSecondsAgo: number;
}

export async function feedStoreReport(pool: Pool): Promise<readonly FeedStoreLine[]> {
  const { rows } = await pool.query<{
    name: string;
    epoch: number;
    lost_at: Date | null;
    lost_since: Date | null;
    lost_reason: string | null;
    repairing: boolean;
    repaired_at: Date | null;
    eviction: string | null;
    seen_seconds_ago: number;
  }>(stores);
  return rows.map((row) => ({
    name: row.name,
    epoch: row.epoch,
    lostAt: row.lost_at,
    lostSince: row.lost_since,
    lostReason: row.lost_reason,
    repairing: row.repairing,
    repairedAt: row.repaired_at,
    eviction: row.eviction,
    seenSecondsAgo: row.seen_seconds_ago,
  }));
}

/** What people should read about it; empty when Redis has lost nothing and is set up as it should be. */
export function feedStoreText(lines: readonly FeedStoreLine[]): string[] {
  return lines.flatMap((line) => {
    const store = line.name === '' ? 'redis' : `redis ${line.name.replace(/:$/, '')}`;
    const since = line.lostSince === null ? '' : ` since ${line.lostSince.toISOString()}`;
    return [
      ...(line.lostAt === null
        ? []
        : [
            `${store}: may have lost data${since}, noticed ${line.lostAt.toISOString()}: ${line.lostReason}; ${
              line.repairing ? 'being compared with the tables' : `repaired ${line.repairedAt?.toISOString()}`
            }`,
          ]),
      ...(line.eviction === null || line.eviction === 'noeviction'
        ? []
        : [`${store}: maxmemory-policy is ${line.eviction} and must be noeviction`]),
    ];
  });
}
