import { ageText, columnLines } from '../terminal/columns';
import { feedStoreText } from './feed-store-report';
import { heldText } from '../dead-letters/held-aggregates';
import { partitionRows } from '../housekeeping/housekeeping-print';
import { type OutboxesReport, livingBridge } from './outbox-report';
import { skippedLine } from './skipped-deliveries';
import { type UnemittedCause } from './unemitted';
import { type StateReport } from './state-report';

/** What the tables say as lines, for people; the parts that could not be read are left out. */
export function tableLines(status: Partial<OutboxesReport> & Partial<StateReport>): string[] {
  const redis = feedStoreText(status.feedStores ?? []);
  const totals = totalLine(status);
  return [
    ...(isRead(status) ? outboxLines(status) : []),
    ...(redis.length === 0 ? [] : ['', ...redis]),
    ...(totals === '' ? [] : ['', totals]),
  ];
}

function isRead(status: Partial<OutboxesReport>): status is OutboxesReport {
  return status.outboxes !== undefined;
}

function outboxLines(report: OutboxesReport): string[] {
  const several = report.outboxes.length > 1;
  /** With the outbox of each line first, where there are several. */
  const table = (heads: readonly string[], lines: readonly (readonly string[])[]) =>
    columnLines([['OUTBOX', ...heads], ...lines].map((line) => (several ? line : line.slice(1))));
  return [
    ...table(
      ['PRIORITY', 'PENDING', 'OLDEST', 'WITH ERROR'],
      report.pending.map((p) => [p.outbox, p.priority, String(p.rows), ageText(p.oldestSeconds), String(p.withError)]),
    ),
    ...(report.pending.length === 0 ? ['nothing is pending'] : []),
    ...hotLines(report, table),
    '',
    ...table(['BRIDGE', 'STATE', 'SEEN', 'REASON'], report.bridges.map(bridgeRow)),
    ...(report.bridges.length === 0 ? ['no bridge is running'] : []),
    '',
    ...columnLines(several ? sumsOfOutboxes(report) : partitionRows(report.partitions, new Date())),
  ];
}

type Table = (heads: readonly string[], lines: readonly (readonly string[])[]) => string[];

function hotLines({ hottest }: OutboxesReport, table: Table): string[] {
  if (hottest.length === 0) return [];
  return [
    '',
    ...table(
      ['HOTTEST AGGREGATES', 'PENDING', 'FIRST IS', 'FIRST OF THEM'],
      hottest.map((hot) => [
        ...[hot.outbox, `${hot.aggregateType} ${hot.aggregateId}`, String(hot.rows)],
        ...[`${ageText(hot.headSeconds)} old`, `${hot.eventType} ${hot.head} (npx nova why)`],
      ]),
    ),
  ];
}

/** Rows that are started and not on Kafka, by age; and why, as far as their runs say. */
export function unemittedLines(
  { unemitted = [] }: Partial<OutboxesReport>,
  causes: readonly UnemittedCause[] | null,
  several: boolean,
): string[] {
  const waiting = unemitted.filter((of) => of.since !== null && of.underFive + of.older > 0);
  if (waiting.length === 0) return [];
  const head = ['OUTBOX', 'NOT ON KAFKA', 'OVER 5 MIN', '1 TO 5 MIN', 'UNDER 1 MIN', 'OLDEST'];
  const lines = waiting.map(({ outbox, older, underFive, underMinute, oldestSeconds }) => [
    ...[outbox, String(older + underFive + underMinute), String(older), String(underFive), String(underMinute)],
    ageText(oldestSeconds),
  ]);
  return [
    '',
    ...columnLines([head, ...lines].map((line) => (several ? line : line.slice(1)))),
    ...(causes ?? []).map(
      ({ cause, events, example }) => `  ${events} of the oldest: ${cause} (npx nova why ${example})`,
    ),
  ];
}

/** A line for each outbox: the days of a hundred outboxes are not for reading; `--outbox` shows those of one. */
function sumsOfOutboxes({ outboxes, partitions }: OutboxesReport): string[][] {
  const now = new Date();
  return [
    ['OUTBOX', 'DEAD LETTERS', 'HELD AGGREGATES', 'NOT ON KAFKA', 'ROWS ≈', 'DAYS', 'DAYS KEPT', 'DAYS AHEAD'],
    ...outboxes.map(({ outbox, deadLettered, held, startedNotEmitted }) => {
      const theirs = partitions.filter((one) => one.outbox === outbox);
      const ahead = theirs.filter(({ from }) => from !== null && new Date(from) > now);
      const rows = theirs.reduce((sum, one) => sum + Math.max(0, one.rows), 0);
      const kept = theirs.filter((one) => one.kept !== null);
      const counts = [deadLettered, held.aggregates, startedNotEmitted, rows];
      return [outbox, ...[...counts, theirs.length - ahead.length, kept.length, ahead.length].map(String)];
    }),
  ];
}

function totalLine(status: Partial<OutboxesReport> & Partial<StateReport>): string {
  const { deliveriesUnknown, deliveriesSkipped = {} } = status;
  return [
    ...(isRead(status)
      ? [
          `dead-lettered ${status.deadLettered}${heldText(status.held)}`,
          `started, not yet on Kafka ${status.startedNotEmitted}`,
        ]
      : []),
    ...(deliveriesUnknown === undefined
      ? []
      : [
          `deliveries of unknown outcome ${deliveriesUnknown}${deliveriesUnknown > 0 ? ' (npx nova deliveries list)' : ''}${skippedLine(deliveriesSkipped)}`,
        ]),
  ].join(' · ');
}

function bridgeRow({
  outbox,
  instance,
  state,
  seenSecondsAgo,
  reason,
  pausedTypes,
}: OutboxesReport['bridges'][number]): string[] {
  const paused = Object.entries(pausedTypes)
    // A type's name is whatever a writer put there.
    .map(([type, why]) => `${JSON.stringify(type).slice(1, -1)} paused: ${why}`)
    .join('; ');
  return [
    outbox,
    instance,
    livingBridge({ seenSecondsAgo }) ? state : `GONE, was ${state}`,
    `${ageText(seenSecondsAgo)} ago`,
    reason ?? paused,
  ];
}
