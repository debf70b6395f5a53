import { type Pool } from 'pg';
import { Gauge, type Registry } from 'prom-client';
import { forgottenSoon, personKinds, unexplainedKinds } from '../contracts/audit-kinds';

const openByKind = `
  SELECT kind, count(*) AS count, count(*) FILTER (WHERE detail LIKE '%${forgottenSoon}%') AS soon FROM nova.audit_findings WHERE resolved_at IS NULL AND acknowledged_at IS NULL GROUP BY kind`;
const lastAudit = `
  SELECT extract(epoch FROM clock_timestamp() - max(ended_at))::float8 AS age_seconds FROM nova.audit_runs`;

/**
 * What the audit found, as metrics: read from its tables, since the audit itself runs in one of the worker processes.
 */
export function createAuditGauges(registry: Registry) {
  const registers = [registry];
  return {
    unexplained: new Gauge({
      name: 'nova_audit_unexplained',
      help: 'Open findings of the audit that nothing explains, by kind; must be 0.',
      labelNames: ['kind'] as const,
      registers,
    }),
    failed: new Gauge({ name: 'nova_audit_failed_runs', help: 'Badly ended runs that wait for a replay.', registers }),
    person: new Gauge({
      name: 'nova_audit_waits_for_person',
      help: 'Open findings that nothing ends by itself, by kind.',
      labelNames: ['kind'] as const,
      registers,
    }),
    forgottenSoon: new Gauge({
      name: 'nova_audit_forgotten_soon_runs',
      help: 'Badly ended runs that Temporal forgets within a day, or a quarter of a shorter retention.',
      registers,
    }),
    age: new Gauge({
      name: 'nova_audit_age_seconds',
      help: 'Since the last audit ended; infinite when there was none.',
      registers,
    }),
  };
}

export async function readAuditGauges(pool: Pool, gauges: ReturnType<typeof createAuditGauges>): Promise<void> {
  const [open, last] = await Promise.all([
    pool.query<{ kind: string; count: number; soon: number }>(openByKind),
    pool.query<{ age_seconds: number | null }>(lastAudit),
  ]);
  const counts = new Map(open.rows.map(({ kind, count }) => [kind, count]));
  for (const kind of unexplainedKinds) gauges.unexplained.set({ kind }, counts.get(kind) ?? 0);
  for (const kind of personKinds) gauges.person.set({ kind }, counts.get(kind) ?? 0);
  gauges.forgottenSoon.set(open.rows.reduce((sum, { soon }) => sum + soon, 0));
  gauges.failed.set(counts.get('failed_run') ?? 0);
  gauges.age.set(last.rows[0]?.age_seconds ?? Infinity);
}
