import { type HousekeepingReport } from '../outbox/housekeeping/housekeeping';
import { explained } from '../outbox/housekeeping/partitions';
import { type HousekeepingPlan } from './housekeeping';
import { type PartitionLine } from './partition-report';

/** What would be done, for people. */
export function planText({ drop, keep }: HousekeepingPlan): string {
  const lines = [
    ...drop.map((name) => `would drop ${name}`),
    ...Object.entries(keep).map(([name, why]) => `would keep ${name}: ${why}`),
  ];
  return lines.length === 0 ? 'no partition is old enough to go' : lines.join('\n');
}

/** What was done, for people. */
export function doneText(report: HousekeepingReport): string {
  const lines = [
    ...Object.entries(report.dropped).map(([name, rows]) => `dropped ${name} with ${rows} rows`),
    ...Object.entries(report.kept).map(([name, reasons]) => `kept ${name}: ${explained(reasons)}`),
    ...(report.waiting === null
      ? []
      : [`${report.waiting} is half-way out, behind a long transaction: goes on by itself`]),
    ...(report.ended.unknown + report.ended.skipped === 0
      ? []
      : [
          `ended deliveries of runs that are over: ${report.ended.unknown} of unknown outcome, ${report.ended.skipped} never sent (events: ${report.ended.examples.join(', ')}; ops replay sends those)`,
        ]),
    ...Object.entries(report.expired).flatMap(([table, rows]) =>
      rows > 0 ? [`deleted ${rows} rows of ${table}`] : [],
    ),
    ...(report.more ? ['there is more: the next turn is in five minutes'] : []),
  ];
  return lines.length === 0 ? 'nothing to do' : lines.join('\n');
}

/** Rows of a table of partitions, headings first. Days to come are one line. */
export function partitionRows(partitions: readonly PartitionLine[], now: Date): string[][] {
  const begun = partitions.filter(({ from }) => from === null || new Date(from) <= now);
  const ahead = partitions.slice(begun.length);
  return [
    ['PARTITION', 'ROWS ≈', 'NOT STARTED', 'NOT EMITTED', 'DEAD LETTERS', 'MAY GO'],
    ...begun.map((p) => [
      p.name,
      ...[p.rows, p.unpublished, p.notEmitted, p.deadLettered].map(String),
      p.kept !== null
        ? `kept: ${explained(p.kept)}`
        : p.detachPending
          ? 'half-way out, behind a long transaction'
          : (p.droppableFrom?.slice(0, 10) ?? 'row by row'),
    ]),
    ...(ahead.length === 0 ? [] : [[`${ahead.length} days ahead`, '', '', '', '', '']]),
  ];
}
