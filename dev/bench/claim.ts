import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { limits } from '../../contracts/time-budgets';
import { spellingsOf } from '../../contracts/catalogue';
import { PgOutboxStore } from '../../outbox-bridge/pg-outbox-store';
import { createLogger } from '../../runtime/logger';
import { createPool } from '../../runtime/postgres';
import { percentiles } from '../../proof/report/percentiles';
import { timeAudit } from './claim/audit';
import { timeClaims } from './claim/claims';
import { besideBridge, drainRate, sequentialRate, warmUpMs } from './claim/drain';
import { fillBurst, fillHistory, fillHot, makePartitions, ownerSession, rest } from './claim/fill';
import { otherRows } from './claim/traffic';
import { type Verdict, isMissed, verdictTable } from './claim/verdicts';
import { runBench } from './with-stack';
import { type System, withSystem } from './with-system';

interface Sizes {
  readonly hot: number;
  readonly history: number;
  readonly burst: number;
  readonly partitions: number;
  readonly claims: number;
  readonly seconds: number;
  readonly sequentialSeconds: number;
}

const full: Sizes = {
  hot: 1_300_000,
  history: 5_000_000,
  burst: 300_000,
  partitions: 47,
  claims: 300,
  seconds: 60,
  sequentialSeconds: 20,
};
const quick: Sizes = {
  ...full,
  hot: 60_000,
  history: 100_000,
  burst: 10_000,
  claims: 100,
  seconds: 10,
  sequentialSeconds: 5,
};

/** A claim takes at most this long at p99, milliseconds, whatever waits and whatever has been. */
const claimMs = 20;

function say(text: string): void {
  process.stderr.write(process.stderr.isTTY ? `\r\u001b[K${text}` : `${text}\n`);
}
const progress = (what: string, of: number) => (done: number) => say(`${what}: ${done} of ${of}`);

const p99 = (values: readonly number[]): number => percentiles(values)?.p99 ?? Infinity;
const p50 = (values: readonly number[]): number => percentiles(values)?.p50 ?? Infinity;

/** One aggregate with as many rows as no person reads, days of history, and what everything else notices of it. */
async function measure(system: System, sizes: Sizes): Promise<Verdict[]> {
  const logger = createLogger('bench', 'error');
  const pool = createPool({ url: system.databaseUrl, max: 6, applicationName: 'nova-bench', logger });
  const owner = await ownerSession(system.databaseUrl);
  const store = new PgOutboxStore(pool);
  const verdicts: Verdict[] = [];
  const add = (what: string, value: number, unit: Verdict['unit'], bound: Verdict['bound'] = 'none'): void => {
    verdicts.push({ what, value, unit, bound });
    say('');
    process.stderr.write(`${what}: ${value.toFixed(1)} ${unit}\n`);
  };
  const addClaims = (what: string, ms: readonly number[]): void => {
    add(`${what}: p50`, p50(ms), 'ms');
    add(`${what}: p99`, p99(ms), 'ms', { atMost: claimMs });
    add(`${what}: longest`, Math.max(...ms), 'ms');
  };
  try {
    const days = await makePartitions(owner, sizes.partitions);
    await fillHistory(owner, sizes.history, days, progress('history', sizes.history));
    say('other rows, without the hot aggregate');
    const alone = await otherRows(pool, sizes.seconds, say);
    await system.stop('bridge');
    const idle = await timeClaims(store, sizes.claims);
    addClaims('claim of an empty outbox', idle.ms);

    const hot = await fillHot(owner, sizes.hot, progress('hot aggregate', sizes.hot));
    addClaims('claim of the hot aggregate, 200 rows', (await timeClaims(store, sizes.claims)).ms);
    say('starts one after another, workers running');
    const bound = await sequentialRate(system, pool, sizes.sequentialSeconds);
    await system.start('bridge');
    await sleep(warmUpMs);
    say('the hot aggregate drains');
    const beside = await drainRate(pool, hot, async () => {
      const others = await otherRows(pool, sizes.seconds, say);
      add('other rows, commit to mark, without it: p50', p50(alone), 'ms');
      add('other rows, commit to mark, without it: p99', p99(alone), 'ms');
      add('other rows, commit to mark, beside it: p50', p50(others), 'ms');
      add('other rows, commit to mark, beside it: p99', p99(others), 'ms', { atMost: 1.5 * p99(alone) + 20 });
    });
    const drained = await drainRate(pool, hot, () => sleep(sizes.sequentialSeconds * 1_000));
    add('starts one after another', bound, 'rows/s');
    add('hot aggregate drains, other rows beside it', beside, 'rows/s', { atLeast: 50 });
    add('hot aggregate drains', drained, 'rows/s', { atLeast: 50 });
    add('… of one after another', drained / bound, '×', { atLeast: 0.8 });

    await system.stop('bridge');
    const paused = spellingsOf('reaction.added');
    // What is left of the other rows is taken first.
    await timeClaims(store, 20, { pausedSpellings: paused });
    const behindPause = await timeClaims(store, sizes.claims, { pausedSpellings: paused });
    add('claim behind a paused type: p99', p99(behindPause.ms), 'ms', { atMost: 1.5 * p99(idle.ms) + 5 });
    await rest(owner, hot, 4);
    const behindRest = await timeClaims(store, sizes.claims);
    add('claim behind a head that backs off: p99', p99(behindRest.ms), 'ms', { atMost: 1.5 * p99(idle.ms) + 5 });
    if (behindPause.rows + behindRest.rows > 0) throw new Error('a claim took what was paused, or backs off');

    say('audit');
    for (const [what, ms] of Object.entries(await timeAudit(pool)))
      add(`audit: ${what}`, ms, 'ms', { atMost: limits.serverStatementMs });

    await rest(owner, hot, 0);
    await system.stop('workers');
    say('without workers');
    const boundAlone = await sequentialRate(system, pool, sizes.sequentialSeconds);
    const pause = (): Promise<void> => sleep(sizes.sequentialSeconds * 1_000);
    const [drainedAlone, hotAwake] = await besideBridge(system, pool, async () => [
      await drainRate(pool, hot, pause),
      await otherRows(pool, sizes.sequentialSeconds, say),
    ]);
    await rest(owner, hot, 4);
    const hotAsleep = await besideBridge(system, pool, () => otherRows(pool, sizes.sequentialSeconds, say));
    await rest(owner, hot, 0);
    add('without workers: starts one after another', boundAlone, 'rows/s');
    add('without workers: hot aggregate drains', drainedAlone, 'rows/s', { atLeast: 50 });
    add('without workers: … of one after another', drainedAlone / boundAlone, '×', { atLeast: 0.8 });
    add('without workers: other rows, commit to mark, while it sleeps: p50', p50(hotAsleep), 'ms');
    add('without workers: other rows, commit to mark, while it sleeps: p99', p99(hotAsleep), 'ms');
    add('without workers: other rows, commit to mark, while it drains: p50', p50(hotAwake), 'ms');
    add('without workers: other rows, commit to mark, while it drains: p99', p99(hotAwake), 'ms', {
      atMost: 1.5 * p99(hotAsleep) + 20,
    });
    await owner.query(`UPDATE nova.outbox_heads SET wake_at = 'infinity'`); // as behind a dead letter that holds

    await fillBurst(owner, sizes.burst, progress('burst', sizes.burst));
    addClaims('claim of a burst, never analyzed', (await timeClaims(store, sizes.claims)).ms);
    await system.start('workers', 'bridge');
    add('starts of a burst, never analyzed', await startRate(owner, sizes.sequentialSeconds), 'rows/s', {
      atLeast: 50,
    });
    return verdicts;
  } finally {
    await owner.end();
    await pool.end();
  }
}

async function startRate(owner: Awaited<ReturnType<typeof ownerSession>>, seconds: number): Promise<number> {
  const begun = await owner.query<{ at: Date }>('SELECT clock_timestamp() AS at');
  await sleep(seconds * 1_000);
  const { rows } = await owner.query<{ started: number }>(
    'SELECT count(*)::int AS started FROM nova.outbox_events WHERE published_at > $1',
    [begun.rows[0]?.at],
  );
  return (rows[0]?.started ?? 0) / seconds;
}

async function main(): Promise<void> {
  const whole = (text: string): number => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < 1) throw new Error(`bench:claim: ${text} is no whole number above 0`);
    return value;
  };
  const command = new Command('bench:claim')
    .option('--quick', 'small sizes: minutes become seconds, and the budgets stay', false)
    .option('--hot <rows>', 'pending rows of one aggregate', whole)
    .option('--history <rows>', 'rows that are done', whole)
    .option('--burst <rows>', 'pending rows of different aggregates', whole)
    .option('--partitions <n>', 'partitions in all', whole)
    .option('--claims <n>', 'claims per measurement', whole)
    .option('--seconds <n>', 'seconds of other traffic', whole)
    .option('--json', 'one JSON object on the last line', false)
    .parse();
  const { quick: isQuick, json, ...given } = command.opts<Partial<Sizes> & { quick: boolean; json: boolean }>();
  const sizes: Sizes = { ...(isQuick ? quick : full), ...given };
  const environment = { OUTBOX_RETENTION_DAYS: '3650' };
  const verdicts = await withSystem('bench', { listen: false, environment }, (system) => measure(system, sizes));
  const missed = verdicts.filter(isMissed);
  (json ? process.stderr : process.stdout).write(`${verdictTable(verdicts)}\n`);
  if (json) console.log(JSON.stringify({ sizes, verdicts, missed: missed.map(({ what }) => what) }));
  if (missed.length > 0) process.exitCode = 1;
}

runBench(main);
