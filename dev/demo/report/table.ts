import Table from 'cli-table3';
import { latencyBudgetMs, priorityNames } from '../../../contracts/priority';
import { seconds } from '../../stack/reporter';
import { thousands as n } from '../../../proof/report/thousands';
import { type Summary } from './summary';

/** Plain characters, no colours: the table is copied into documents. */
const plain = { style: { head: [], border: [], compact: true } };

/** The run as tables for people. */
export function printedSummary(summary: Summary): string {
  const parts = [counts(summary), latencies(summary), checks(summary), ...offences(summary), verdict(summary)];
  return parts.join('\n');
}

function counts(summary: Summary): string {
  const table = new Table(plain);
  const counted = (name: string): number => summary.checks.reduce((sum, check) => sum + (check.counts[name] ?? 0), 0);
  table.push(
    ['events committed', n(summary.events), 'transactions', n(summary.transactions)],
    ['events rolled back', n(summary.rolledBack), 'events/s', summary.eventsPerSecond.toFixed(1)],
    ['workflows', n(summary.workflows), 'Kafka messages', n(summary.kafkaMessages)],
    ['follows', n(summary.follows), 'feed entries', n(counted('feedEntries'))],
    ['notifications', n(counted('notifications')), 'e-mails', n(counted('emails'))],
    ['settled after', seconds(summary.settleMs), 'whole run', seconds(summary.totalMs)],
  );
  return table.toString();
}

function latencies({ latency }: Summary): string {
  const table = new Table({
    ...plain,
    head: [
      'from commit, ms',
      'events',
      'started p50',
      'p99',
      'first effect p50',
      'p99',
      'budget',
      'subscriber p50',
      'p99',
    ],
    colAligns: ['left', ...Array<'right'>(8).fill('right')],
  });
  for (const name of priorityNames) {
    const [effect, started, subscriber] = [
      latency.firstEffect[name],
      latency.published[name],
      latency.subscriber[name],
    ];
    if (effect === undefined) continue;
    const cells = [
      started?.p50,
      started?.p99,
      effect.p50,
      effect.p99,
      latencyBudgetMs[name],
      subscriber?.p50,
      subscriber?.p99,
    ];
    table.push([name, n(effect.count), ...cells.map((value) => (value === undefined ? '–' : n(Math.round(value))))]);
  }
  return table.toString();
}

function checks(summary: Summary): string {
  const table = new Table({
    ...plain,
    head: ['', 'check', 'promise', 'found'],
    colWidths: [3, 15, 46, 40],
    wordWrap: true,
  });
  for (const { ok, name, promise, found } of summary.checks) table.push([ok ? '✔' : '✘', name, promise, found]);
  return table.toString();
}

function offences({ checks: results, unsettled }: Summary): string[] {
  const late = unsettled.length === 0 ? [] : [`✘ not settled: still ${unsettled.join(', ')}`];
  const lines = results
    .filter((check) => !check.ok)
    .flatMap(({ name, offenders, offenderCount }) => [
      `✘ ${name}: ${n(offenderCount)} against the promise`,
      ...offenders.map((offender) => `    ${offender}`),
      ...(offenderCount > offenders.length ? [`    … and ${n(offenderCount - offenders.length)} more`] : []),
    ]);
  return [...late, ...lines];
}

function verdict({ ok, webUi }: Summary): string {
  const look = webUi === null ? '' : `\nWeb UI: ${webUi}`;
  return `${ok ? '✔ every check holds' : '✘ not every check holds'}${look}`;
}
