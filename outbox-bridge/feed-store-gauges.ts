import { type Pool } from 'pg';
import { Gauge, type Registry } from 'prom-client';

const stores = `
  SELECT coalesce(max(epoch), 0) AS epoch, count(*) FILTER (WHERE repaired_epoch < epoch) AS unrepaired,
    count(*) FILTER (WHERE eviction <> 'noeviction') AS evicting,
    extract(epoch FROM clock_timestamp() - min(beat_at))::float8 AS silent_seconds
  FROM nova.feed_stores`;

/** What the workers wrote down of the Redis that holds the feeds (docs/decisions/0013-redis-that-lost-time.md). */
export function createFeedStoreGauges(registry: Registry) {
  const registers = [registry];
  return {
    epoch: new Gauge({
      name: 'nova_feed_store_epoch',
      help: 'Grows each time Redis may have lost data: it was restarted, replaced, emptied or went back in time.',
      registers,
    }),
    unrepaired: new Gauge({
      name: 'nova_feed_store_unrepaired',
      help: '1 while Redis is compared with the tables after such a loss.',
      registers,
    }),
    evicting: new Gauge({
      name: 'nova_feed_store_evicting',
      help: '1 when Redis is not set to noeviction and may drop feeds and tombstones.',
      registers,
    }),
    silent: new Gauge({
      name: 'nova_feed_store_silent_seconds',
      help: 'Since a worker last looked at Redis; a loss is not noticed meanwhile.',
      registers,
    }),
  };
}

export async function readFeedStoreGauges(pool: Pool, gauges: ReturnType<typeof createFeedStoreGauges>): Promise<void> {
  const { rows } = await pool.query<{
    epoch: number;
    unrepaired: number;
    evicting: number;
    silent_seconds: number | null;
  }>(stores);
  gauges.epoch.set(rows[0]?.epoch ?? 0);
  gauges.unrepaired.set(rows[0]?.unrepaired ?? 0);
  gauges.evicting.set(rows[0]?.evicting ?? 0);
  gauges.silent.set(rows[0]?.silent_seconds ?? 0);
}
