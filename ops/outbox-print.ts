import { ageText, columnLines } from './columns';
import { feedStoreText } from './feed-store-report';
import { heldText } from './held-aggregates';
import { partitionRows } from './housekeeping-print';
import { type OutboxReport } from './outbox-report';
import { skippedLine } from './skipped-deliveries';

/** The report of the outbox as lines, for people. */
export function outboxLines(report: OutboxReport): string[] {
  const redis = feedStoreText(report.feedStores);
  return [
    ...columnLines([
      ['PRIORITY', 'PENDING', 'OLDEST', 'WITH ERROR'],
      ...report.pending.map((p) => [p.priority, String(p.rows), ageText(p.oldestSeconds), String(p.withError)]),
    ]),
    ...(report.pending.length === 0 ? ['nothing is pending'] : []),
    '',
    ...columnLines([['BRIDGE', 'STATE', 'SEEN', 'REASON'], ...report.bridges.map(bridgeRow)]),
    ...(report.bridges.length === 0 ? ['no bridge is running'] : []),
    '',
    ...columnLines(partitionRows(report.partitions, new Date())),
    ...(redis.length === 0 ? [] : ['', ...redis]),
    '',
    `dead-lettered ${report.deadLettered}${heldText(report.held)} · started, not yet on Kafka ${report.startedNotEmitted} · deliveries of unknown outcome ${report.deliveriesUnknown}${skippedLine(report.deliveriesSkipped)}`,
  ];
}

function bridgeRow({
  instance,
  state,
  seenSecondsAgo,
  reason,
  pausedTypes,
}: OutboxReport['bridges'][number]): string[] {
  const paused = Object.entries(pausedTypes)
    // A type's name is whatever a writer put there.
    .map(([type, why]) => `${JSON.stringify(type).slice(1, -1)} paused: ${why}`)
    .join('; ');
  return [instance, state, `${ageText(seenSecondsAgo)} ago`, reason ?? paused];
}
