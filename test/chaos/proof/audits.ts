import { Client } from 'pg';
import { unexplainedKinds } from '../../../contracts/audit-kinds';
import { messageOf } from '../../../dev/stack/errors';
import { type ChaosWorld, type ProofRow } from '../types';
import { proofRow } from './row';

const auditsSoFar = `SELECT count(*)::int AS audits, coalesce(sum(rows_seen), 0)::int AS rows FROM audit_runs`;
const accused = `
  SELECT kind, event_id, detail, resolved_at IS NOT NULL AS resolved FROM audit_findings WHERE kind = ANY ($1) ORDER BY first_seen`;

interface Finding {
  readonly kind: string;
  readonly event_id: string;
  readonly detail: string;
  readonly resolved: boolean;
}

/**
 * What the product's own audit says: those that its schedule ran while everything was harmed, and one over the whole run
 * now that all is quiet. It may have reported what was repaired since; in the end it must report nothing.
 */
export async function ownAudit(
  world: Pick<ChaosWorld, 'databaseUrl' | 'audit'>,
): Promise<{ readonly row: ProofRow; readonly note: string }> {
  const client = new Client({ connectionString: world.databaseUrl });
  await client.connect();
  try {
    const during = (await client.query<{ audits: number }>(auditsSoFar)).rows[0]?.audits ?? 0;
    const failure = await world.audit().then(
      () => [],
      (thrown: unknown) => [`the audit failed: ${messageOf(thrown)}`],
    );
    const examined = (await client.query<{ rows: number }>(auditsSoFar)).rows[0]?.rows ?? 0;
    const findings = (await client.query<Finding>(accused, [unexplainedKinds])).rows;
    const open = findings.filter(({ resolved }) => !resolved);
    const offenders = open.map(({ kind, event_id, detail }) => `${kind} of event ${event_id}: ${detail}`);
    return {
      row: proofRow('accused by the product’s own audit', examined, [...failure, ...offenders]),
      note: `${during} scheduled audits of the product ran meanwhile; ${findings.length - open.length} of their findings were resolved`,
    };
  } finally {
    await client.end();
  }
}
