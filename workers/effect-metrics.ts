import { Counter, Histogram, type Registry } from 'prom-client';
import { type EffectMeter } from '../activities/effect-meter';
import { priorityName } from '../contracts/priority';
import { latencyBuckets } from '../runtime/latency-buckets';

/** The meter of a worker process: what its effects do, as metrics. */
export function createEffectMetrics(registry: Registry): EffectMeter {
  const registers = [registry];
  const commitToEffect = new Histogram({
    name: 'nova_commit_to_effect_seconds',
    help: 'From created_at of the row to the effect. part: first (someone sees it), last (nothing of it is left to be done). By the clocks of the database and of this process. Of workers.',
    labelNames: ['effect', 'priority', 'part'] as const,
    buckets: latencyBuckets,
    registers,
  });
  const deliveries = new Counter({
    name: 'nova_deliveries_total',
    help: 'Deliveries that came to a state, by channel and the code of the reason. pending: they were tried and surely not sent. Of workers.',
    labelNames: ['channel', 'state', 'reason'] as const,
    registers,
  });
  const feeds = new Counter({
    name: 'nova_feeds_written_total',
    help: 'Feeds that a post was written into or taken out of; again when it is done again. Of workers.',
    labelNames: ['change'] as const,
    registers,
  });
  // A rate needs the series from before the first of them.
  for (const change of ['added', 'taken_out'] as const) feeds.inc({ change }, 0);
  return {
    done: ({ createdAtMs, priority }, effect, ...parts) => {
      const seconds = Math.max(0, Date.now() - createdAtMs) / 1_000;
      for (const part of parts) commitToEffect.observe({ effect, part, priority: priorityName(priority) }, seconds);
    },
    deliveries: (channel, state, reason, count) => deliveries.inc({ channel, state, reason: reason ?? '' }, count),
    feeds: (change, count) => feeds.inc({ change }, count),
  };
}
