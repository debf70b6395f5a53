import { type OutboxReport } from '../../outbox/housekeeping/outbox-housekeeping';
import { explained } from '../../outbox/housekeeping/partitions';
import { type StateReport } from '../../outbox/housekeeping/state-housekeeping';
import { type WholeReport } from '../../outbox/housekeeping/whole-housekeeping';
import { type HousekeepingPlan } from './housekeeping';
import { type PartitionLine } from '../status/partition-report';

/** What would be done, for people. */
export function planText(plan: HousekeepingPlan): string {
  return (
    byOutbox(plan, ({ drop, keep }) => [
      ...drop.map((name) => `would drop ${name}`),
      ...Object.entries(keep).map(([name, why]) => `would keep ${name}: ${why}`),
    ]).join('\n') || 'no partition is old enough to go'
  );
}

/** What was done, for people. */
export function doneText({ outboxes, state, busy, failed }: WholeReport): string {
  const lines = [
    ...byOutbox(outboxes, outboxLines),
    ...(state === null ? [] : stateLines(state)),
    ...([state, ...Object.values(outboxes)].some((report) => report?.more === true)
      ? ['there is more: the next turn is in five minutes']
      : []),
    ...Object.entries(busy).map(
      ([where, holder]) => `${where}: ${holder} is at it, its turn ends within ten minutes even if it died`,
    ),
    ...Object.entries(failed).map(([where, why]) => `${where}: not done to its end: ${why}`),
  ];
  return lines.length === 0 ? 'nothing to do' : lines.join('\n');
}

/** The lines of each outbox, which name it when there are several. */
function byOutbox<T>(outboxes: Readonly<Record<string, T>>, linesOf: (of: T) => string[]): string[] {
  const several = Object.keys(outboxes).length > 1;
  return Object.entries(outboxes).flatMap(([name, of]) =>
    linesOf(of).map((line) => (several ? `outbox ${name}: ${line}` : line)),
  );
}

const deletedLines = (expired: Readonly<Record<string, number>>): string[] =>
  Object.entries(expired).flatMap(([table, rows]) => (rows > 0 ? [`deleted ${rows} rows of ${table}`] : []));

function outboxLines({ dropped, kept, waiting, expired }: OutboxReport): string[] {
  return [
    ...Object.entries(dropped).map(([name, rows]) => `dropped ${name} with ${rows} rows`),
    ...Object.entries(kept).map(([name, reasons]) => `kept ${name}: ${explained(reasons)}`),
    ...(waiting === null ? [] : [`${waiting} is half-way out, behind a long transaction: goes on by itself`]),
    ...deletedLines(expired),
  ];
}

function stateLines({ ended, expired, silent }: StateReport): string[] {
  return [
    ...(ended.unknown + ended.skipped === 0
      ? []
      : [
          `ended deliveries of runs that are over: ${ended.unknown} of unknown outcome, ${ended.skipped} never sent (events: ${ended.examples.join(', ')}; npx nova replay sends those)`,
        ]),
    ...deletedLines(expired),
    ...Object.entries(silent).map(([outbox, why]) => `kept what belongs to events: outbox ${outbox} ${why}`),
  ];
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
