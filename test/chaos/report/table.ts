import Table from 'cli-table3';
import { thousands as n } from '../../../proof/report/thousands';
import { seconds } from '../../../dev/stack/reporter';
import { type OutboxProof } from '../proof/per-outbox';
import { nameOf } from '../schedule/fault-kinds';
import { type PlannedFault } from '../types';
import { isSeveral } from '../world/counts';
import { serviceNames } from '../../../proof/services';
import { type ChaosSummary } from './summary';

/** Plain characters, no colours: the tables are copied into documents. */
const plain = { style: { head: [], border: [], compact: true } };

/** The run as tables for people. */
export function printedSummary(summary: ChaosSummary): string {
  const { outboxes: each } = summary;
  return [
    head(summary),
    faults(summary),
    stalls(summary),
    ...(each.length === 0 ? [] : [outboxes(each)]),
    proof(summary),
    ...offences(summary),
    verdict(summary),
  ].join('\n');
}

/** The schedule alone, one line per fault. */
export function printedPlan(plan: readonly PlannedFault[], leftOut: readonly string[]): string {
  const table = new Table({ ...plain, head: ['at', 'target', 'fault', 'lasts'], colAligns: ['right'] });
  for (const { atMs, target, index, kind, durationMs, stepMs } of plan) {
    const step = stepMs === undefined ? '' : ` by ${(stepMs / 1_000).toFixed(0)} s`;
    table.push([seconds(atMs), named(target, index), `${kind}${step}`, seconds(durationMs)]);
  }
  return [table.toString(), ...leftOut.map((what) => `· left out: ${what}`)].join('\n');
}

/** Of several, which. */
export function named(target: string, index: number): string {
  if (target === 'outbox') return `${target} ${serviceNames[index] ?? index}`;
  return isSeveral(target) ? `${target} ${index + 1}` : target;
}

function head(summary: ChaosSummary): string {
  const table = new Table(plain);
  const count = summary.faults.reduce((sum, row) => sum + row.count, 0);
  const { lengthMs, unexplainedMs } = summary.longestStandstill;
  table.push(
    ['minutes of faults', summary.minutes, 'seed', summary.seed],
    ['events committed', n(summary.committed), 'events rolled back', n(summary.rolledBack)],
    ['commits in doubt', n(summary.inDoubt), 'faults', n(count)],
    ['settled after', seconds(summary.settleMs), 'whole run', seconds(summary.totalMs)],
    ['longest standstill', seconds(lengthMs), 'of it not by a fault', seconds(unexplainedMs)],
  );
  return table.toString();
}

function faults(summary: ChaosSummary): string {
  const table = new Table({
    ...plain,
    head: ['fault', 'times', 'longest', 'recovered p50', 'max', 'not measured'],
    colAligns: ['left', ...Array<'right'>(5).fill('right')],
  });
  for (const row of [...summary.faults].sort((a, b) => a.target.localeCompare(b.target))) {
    const shown = (ms: number | undefined): string => (ms === undefined ? '–' : seconds(ms));
    table.push([
      `${row.target}: ${row.kind}`,
      row.count,
      seconds(row.longestMs),
      shown(row.recoveryP50Ms),
      shown(row.recoveryMaxMs),
      row.unmeasured,
    ]);
  }
  return table.toString();
}

function stalls(summary: ChaosSummary): string {
  const table = new Table({
    ...plain,
    head: ['from commit', 'events', 'started p50', 'p99', 'longest', 'on Kafka, longest'],
    colAligns: ['left', ...Array<'right'>(5).fill('right')],
  });
  for (const row of summary.stalls) {
    table.push([
      row.priority,
      n(row.events),
      seconds(row.startP50Ms),
      seconds(row.startP99Ms),
      seconds(row.longestStartMs),
      seconds(row.longestEmitMs),
    ]);
  }
  return table.toString();
}

function outboxes(rows: readonly OutboxProof[]): string {
  const columns = [
    'events',
    'lost',
    'twice',
    'disorder',
    'leased',
    'restores',
    'taken by them',
    'started p50',
    'longest',
  ];
  const table = new Table({
    ...plain,
    head: ['outbox', ...columns],
    colAligns: ['left', ...columns.map((): 'right' => 'right')],
  });
  for (const { outbox, events, lost, twice, disorder, leased, restores, taken, ...waits } of rows)
    table.push([
      outbox,
      ...[events, lost, twice, disorder, leased, restores, taken].map(n),
      seconds(waits.startP50Ms),
      seconds(waits.longestStartMs),
    ]);
  return table.toString();
}

function proof(summary: ChaosSummary): string {
  const table = new Table({
    ...plain,
    head: ['', 'proof', 'violations', 'examined'],
    colAligns: ['left', 'left', 'right', 'right'],
  });
  for (const row of summary.proof) {
    const ok = row.violations === 0 && row.examined > 0;
    table.push([ok ? '✔' : '✘', row.promise, n(row.violations), n(row.examined)]);
  }
  return table.toString();
}

function offences({ proof: rows, unsettled, notes }: ChaosSummary): string[] {
  return [
    ...notes.map((note) => `· ${note}`),
    ...unsettled.map((what) => `✘ not settled: ${what}`),
    ...rows
      .filter(({ violations }) => violations > 0)
      .flatMap(({ promise, violations, examples }) => [
        `✘ ${promise}: ${n(violations)}`,
        ...examples.map((example) => `    ${example}`),
      ]),
    ...rows.filter(({ examined }) => examined === 0).map(({ promise }) => `✘ ${promise}: nothing was there to examine`),
  ];
}

function verdict({ ok, folder, seed, minutes, rate, only, together }: ChaosSummary): string {
  const where = folder === null ? '' : `\nlogs and evidence: ${folder}`;
  const chosen = only === undefined ? '' : ` --only ${only.map(nameOf).join(',')}`;
  const again = `the same again: npm run chaos -- --minutes ${minutes} --seed ${seed} --rate ${rate}${chosen}${together ? ' --together' : ''}`;
  return ok ? `✔ every promise held${where}` : `✘ a promise was broken; ${again}${where}`;
}
