import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { realAuditDeps } from '../../activities/audit/real-deps';
import { runAudit } from '../../activities/audit/run-audit';
import { type AuditReport } from '../../contracts/audit-kinds';
import { auditCommandSettings } from '../../ops/audit/audit';
import { configFrom } from '../../runtime/config';
import { createKafka } from '../../runtime/kafka';
import { silentLogger } from '../support/logger';
import { type FaultSystem } from './fault-system';

/** Far tighter than in production, where a mark is waited for longer than these cases last. */
const limits = { marginMs: 10_000, markMs: 30_000, emitMs: 1_000 };
const everything = 3_600_000;

/** The product's own audit of all that this system has done. */
export async function auditOf({ databases, environment, redis, client }: FaultSystem): Promise<AuditReport> {
  const config = configFrom(auditCommandSettings, {
    ...environment,
    // The databases are given as they are, past the proxies.
    ...{ DATABASE_URL: 'postgres://u@127.0.0.1/none', AUDIT_SETTLE_S: '0', AUDIT_GRACE_MS: '500' },
    AUDIT_LISTS_PER_S: '100',
  });
  const { people: pool, outboxes } = databases;
  const kafka = createKafka(config, 'nova-test-audit', silentLogger);
  const deps = realAuditDeps({ pool, outboxes, temporal: client, kafka, redis, config });
  return runAudit(
    { ...deps, limits: { ...deps.limits, ...limits }, sleep: (ms) => sleep(ms) },
    { auditId: randomUUID(), origin: 'demand', sinceMs: everything },
  );
}

/** An open finding, `kind id (outbox)`. */
export async function openFindings({ databases }: FaultSystem): Promise<string[]> {
  const { rows } = await databases.people.query<{ said: string }>(
    `SELECT concat(kind, ' ', event_id, ' (', outbox, ')') AS said FROM nova.audit_findings
     WHERE resolved_at IS NULL AND acknowledged_at IS NULL`,
  );
  return rows.map(({ said }) => said).sort();
}

/** What the audit has against this system. */
export async function auditFaults(system: FaultSystem): Promise<string[]> {
  const { unexplained, waitForPerson, notes } = await auditOf(system);
  const found = unexplained + waitForPerson === 0 ? [] : await openFindings(system);
  return [...found.map((one) => `the audit found ${one}`), ...notes.map((note) => `the audit says: ${note}`)];
}
