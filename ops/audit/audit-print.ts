import { type AuditKind, type AuditReport, auditKindNames, auditKinds } from '../../contracts/audit-kinds';
import { ofOutbox } from './open-findings';

/**
 * For people: what was compared, then a table of what was found, with what to do.
 * @param several whether there are outboxes to distinguish
 */
export function auditText(report: AuditReport, several: boolean): string {
  const { examined, notes, tookMs } = report;
  const head = [
    `compared ${report.from} to ${report.to}: ${n(examined.rows)} rows, ${n(examined.runs)} runs, ${n(examined.records)} messages on Kafka, ${n(examined.feeds)} feeds, in ${(tookMs / 1_000).toFixed(1)} s`,
    ...notes.map((note) => `note: ${note}`),
    '',
  ];
  const found = auditKindNames.filter((kind) => (report.counts[kind] ?? 0) > 0);
  const lines = [...head, ...found.flatMap((kind) => kindLines(report, kind, several))];
  return [...lines, ...verdict(report)].join('\n');
}

function verdict({ unexplained, waitForPerson, notOnKafka }: AuditReport): string[] {
  if (unexplained === 0 && waitForPerson === 0) return ['✔ everything is explained'];
  const missing = notOnKafka === 0 ? '' : `, ${n(notOnKafka)} of them not on Kafka`;
  return [
    ...(unexplained === 0 ? [] : [`✘ ${n(unexplained)} unexplained`]),
    ...(waitForPerson === 0 ? [] : [`✘ ${n(waitForPerson)} wait for a person${missing}: npx nova replay --found`]),
  ];
}

function kindLines({ counts, examples, byOutbox }: AuditReport, kind: AuditKind, several: boolean): string[] {
  const ids = several
    ? byOutbox
        .filter((found) => found.kind === kind)
        .map((found) => `${n(found.count)} ${ofOutbox(found)}: ${found.examples.join('  ')}`)
    : [(examples[kind] ?? []).join('  ')];
  const { class: sort, meaning, action } = auditKinds[kind];
  return [
    `${String(counts[kind]).padStart(6)}  ${kind.padEnd(24)} ${sort}`,
    `        ${meaning}`,
    ...(sort === 'explained' ? [] : [`        → ${action}`]),
    ...ids.map((line) => `        ${line}`),
    '',
  ];
}

function n(count: number): string {
  return count.toLocaleString('en-US');
}
