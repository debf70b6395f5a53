import { performance } from 'node:perf_hooks';
import { Client } from 'pg';
import Table from 'cli-table3';
import { Command } from 'commander';
import { publish } from '../../client/publish';
import { createLogger } from '../../runtime/logger';
import { createPool, inTransaction } from '../../runtime/postgres';
import { type Percentiles, percentiles } from '../../proof/report/percentiles';
import { probes } from './probes';
import { runBench } from './with-stack';
import { type System, withSystem } from './with-system';

interface Sample {
  readonly notifiedMs: number;
  readonly emittedMs: number;
}

/**
 * Commit-to-effect latency, one event at a time: the clock starts when COMMIT returns and stops when another connection
 * sees the in-app notification (first effect), and again when it sees that Kafka acknowledged. Both are polled every
 * millisecond, so a figure is at most about a millisecond too long.
 */
async function measure(
  system: System,
  priority: keyof typeof probes,
  events: number,
  nudge: boolean,
): Promise<Sample[]> {
  const pool = createPool({
    url: system.databaseUrl,
    max: 2,
    applicationName: 'nova-bench',
    logger: createLogger('bench', 'error'),
  });
  const watcher = new Client({ connectionString: system.databaseUrl });
  await watcher.connect();
  const samples: Sample[] = [];
  try {
    for (let i = 0; i < events; i++) {
      const id = crypto.randomUUID();
      const event = await inTransaction(pool, (tx) => publish(tx, { ...probes[priority](id), id }));
      const committed = performance.now();
      if (nudge) void pool.query(`SELECT pg_notify('outbox_nudge', '')`);
      const notifiedMs =
        (await seen(watcher, 'SELECT 1 FROM nova.notifications WHERE event_id = $1', event.id)) - committed;
      const emittedMs =
        (await seen(watcher, 'SELECT 1 FROM nova.outbox_events WHERE id = $1 AND emitted_at IS NOT NULL', event.id)) -
        committed;
      samples.push({ notifiedMs, emittedMs });
      if (process.stderr.isTTY || (i + 1) % 50 === 0)
        process.stderr.write(
          `${process.stderr.isTTY ? '\r' : ''}${priority}: ${i + 1} of ${events}${process.stderr.isTTY ? '' : '\n'}`,
        );
      // Apart and not in step with the bridge's poll.
      await new Promise((resolve) => setTimeout(resolve, 30 + Math.random() * 60));
    }
  } finally {
    if (process.stderr.isTTY) process.stderr.write('\n');
    await watcher.end();
    await pool.end();
  }
  return samples;
}

async function seen(watcher: Client, sql: string, id: string): Promise<number> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    const { rowCount } = await watcher.query(sql, [id]);
    if (rowCount === 1) return performance.now();
    if (performance.now() > deadline) throw new Error(`event ${id} had no effect within 30 s`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

async function main(): Promise<void> {
  const options = new Command('bench:latency')
    .option('--events <n>', 'events per priority', '200')
    .option('--nudge', 'nudge the bridge after each commit', false)
    .option('--json', 'one JSON object on the last line', false)
    .parse()
    .opts<{ events: string; nudge: boolean; json: boolean }>();
  const results = await withSystem('bench', { listen: options.nudge }, async (system) => {
    await measure(system, 'critical', 20, options.nudge); // warm: caches, plans, sticky queues
    const measured: Record<string, { firstEffect: number[]; kafka: number[] }> = {};
    for (const priority of ['critical', 'high', 'normal'] as const) {
      const samples = await measure(system, priority, Number(options.events), options.nudge);
      measured[priority] = { firstEffect: samples.map((s) => s.notifiedMs), kafka: samples.map((s) => s.emittedMs) };
    }
    return measured;
  });
  const summary = Object.entries(results).map(([priority, { firstEffect, kafka }]) => ({
    priority,
    firstEffect: percentiles(firstEffect) as Percentiles,
    kafka: percentiles(kafka) as Percentiles,
  }));
  const table = new Table({ head: ['priority', 'first effect p50', 'p95', 'p99', 'on Kafka p50', 'p99'] });
  for (const { priority, firstEffect: first, kafka } of summary) {
    table.push([
      priority,
      ...[first.p50, first.p95, first.p99, kafka.p50, kafka.p99].map((ms) => `${ms.toFixed(0)} ms`),
    ]);
  }
  (options.json ? process.stderr : process.stdout).write(`${table.toString()}\n`);
  if (options.json)
    console.log(JSON.stringify({ events: Number(options.events), nudge: options.nudge, latencies: summary }));
}

runBench(main);
