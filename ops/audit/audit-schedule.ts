import { type AuditSchedule } from '../../runtime/audit-schedule';

export function auditScheduleText({ state, note, everySeconds }: AuditSchedule): string {
  if (state === 'runs') return `audit every ${everySeconds} s`;
  if (state === 'none') return 'no audit is scheduled';
  if (state === 'unknown') return 'whether audits are scheduled is unknown: Temporal does not say';
  const why = note === null || note === '' ? '' : ` (${JSON.stringify(note).slice(1, -1)})`;
  return `the schedule of the audit is PAUSED${why}: nothing is audited until a person ends the pause in the Web UI`;
}
