import { type Pool } from 'pg';
import { Gauge, type Registry } from 'prom-client';
import { forgottenSoon, personKinds, unexplainedKinds } from '../contracts/audit-kinds';
import { type AuditSchedule } from '../runtime/audit-schedule';

const openFindings = `
  SELECT kind, coalesce(outbox, '') AS outbox, count(*) AS count, count(*) FILTER (WHERE detail LIKE '%${forgottenSoon}%') AS soon FROM nova.audit_findings WHERE resolved_at IS NULL AND acknowledged_at IS NULL GROUP BY kind, outbox`;
const lastAudit = `
  SELECT extract(epoch FROM clock_timestamp() - max(ended_at))::float8 AS age_seconds FROM nova.audit_runs`;

/** Of all but the age. With a series for each kind of each outbox, a hundred of them would be thousands. */
const ofOutbox =
  'A series for each outbox that has any, and always the one whose outbox is empty: findings that belong to none, or to one that is not known.';

/**
 * What the audit found, as metrics: read from its tables, since the audit itself runs in one of the worker processes.
 */
export function createAuditGauges(registry: Registry) {
  const registers = [registry];
  const age = new Gauge({
    name: 'nova_audit_age_seconds',
    help: 'Since the last audit ended; infinite when there was none. No series where none is scheduled (AUDIT_EVERY_S=0).',
    registers,
  });
  // A gauge without labels is there as 0 from the beginning.
  age.remove();
  return {
    age,
    unexplained: new Gauge({
      name: 'nova_audit_unexplained',
      help: `Open findings of the audit that nothing explains, by kind; must be 0. ${ofOutbox}`,
      labelNames: ['kind', 'outbox'] as const,
      registers,
    }),
    failed: new Gauge({
      name: 'nova_audit_failed_runs',
      help: `Badly ended runs that wait for a replay. ${ofOutbox}`,
      labelNames: ['outbox'] as const,
      registers,
    }),
    person: new Gauge({
      name: 'nova_audit_waits_for_person',
      help: `Open findings that nothing ends by itself, by kind. ${ofOutbox}`,
      labelNames: ['kind', 'outbox'] as const,
      registers,
    }),
    forgottenSoon: new Gauge({
      name: 'nova_audit_forgotten_soon_runs',
      help: `Badly ended runs that Temporal forgets within a day, or a quarter of a shorter retention. ${ofOutbox}`,
      labelNames: ['outbox'] as const,
      registers,
    }),
  };
}

/** @param isScheduled whether audits begin by themselves, as far as that is known */
export async function readAuditGauges(
  pool: Pool,
  gauges: ReturnType<typeof createAuditGauges>,
  isScheduled: () => Promise<boolean>,
): Promise<void> {
  type Row = { kind: string; outbox: string; count: number; soon: number };
  const [open, last, scheduled] = await Promise.all([
    pool.query<Row>(openFindings),
    pool.query<{ age_seconds: number | null }>(lastAudit),
    isScheduled(),
  ]);
  const { unexplained, person, failed, forgottenSoon } = gauges;
  // No scrape comes in between. An outbox whose findings have ended has no series any more: rules that look for more than 0 see their end.
  for (const gauge of [unexplained, person, failed, forgottenSoon]) gauge.reset();
  for (const kind of unexplainedKinds) unexplained.set({ kind, outbox: '' }, 0);
  for (const kind of personKinds) person.set({ kind, outbox: '' }, 0);
  for (const gauge of [failed, forgottenSoon]) gauge.set({ outbox: '' }, 0);
  for (const { kind, outbox, count, soon } of open.rows) {
    if (isOneOf(unexplainedKinds, kind)) unexplained.set({ kind, outbox }, count);
    if (isOneOf(personKinds, kind)) person.set({ kind, outbox }, count);
    if (kind === 'failed_run') failed.set({ outbox }, count);
    if (soon > 0) forgottenSoon.inc({ outbox }, soon);
  }
  if (scheduled) gauges.age.set(last.rows[0]?.age_seconds ?? Infinity);
  else gauges.age.remove();
}

/** Whether the audit has a schedule: workers take it away where AUDIT_EVERY_S is 0. While Temporal does not say: what it said before. */
export function auditScheduled(look: () => Promise<AuditSchedule>): () => Promise<boolean> {
  let known = false;
  return async () => {
    const { state } = await look();
    if (state !== 'unknown') known = state !== 'none';
    return known;
  };
}

const isOneOf = (kinds: readonly string[], kind: string): boolean => kinds.includes(kind);
