import { Client, type Pool } from 'pg';
import { unexplainedKinds } from '../../../contracts/audit-kinds';
import { messageOf } from '../../../dev/stack/errors';
import { eventOf } from '../../../proof/checks/replays';
import { type ChaosWorld, type ProofRow } from '../types';
import { type Finding } from './evidence';
import { type Losses } from './losses';
import { proofRow } from './row';

const auditsSoFar = `SELECT count(*)::int AS audits, coalesce(sum(rows_seen), 0)::int AS rows FROM nova.audit_runs`;
const accused = `
  SELECT kind, event_id AS "eventId", detail, resolved_at IS NOT NULL AS resolved, acknowledged_at IS NOT NULL AS acknowledged
  FROM nova.audit_findings WHERE kind = ANY ($1) ORDER BY first_seen`;

/** What the product's audits have against anything so far, and do not explain by themselves. */
export async function readFindings(state: Pick<Pool, 'query'> | Client): Promise<Finding[]> {
  return (await (state as Pool).query<Finding>(accused, [unexplainedKinds])).rows;
}

/**
 * What the product's own audit says: those that its schedule ran while everything was harmed, and one over the whole run
 * now that all is quiet. It may have reported what was repaired since; in the end it must report nothing but what a restore took.
 */
export async function ownAudit(
  world: Pick<ChaosWorld, 'databases' | 'audit'>,
  losses: Pick<Losses, 'events'>,
): Promise<{ readonly row: ProofRow; readonly note: string; readonly findings: readonly Finding[] }> {
  const client = new Client({ connectionString: world.databases.state });
  await client.connect();
  try {
    const during = (await client.query<{ audits: number }>(auditsSoFar)).rows[0]?.audits ?? 0;
    const failure = await world.audit().then(
      () => [],
      (thrown: unknown) => [`the audit failed: ${messageOf(thrown)}`],
    );
    const examined = (await client.query<{ rows: number }>(auditsSoFar)).rows[0]?.rows ?? 0;
    const findings = await readFindings(client);
    const isExplained = ({ acknowledged, eventId }: Finding) => acknowledged && losses.events.has(eventOf(eventId));
    const open = findings.filter((finding) => !finding.resolved && !isExplained(finding));
    const offenders = open.map(({ kind, eventId, detail }) => `${kind} of event ${eventId}: ${detail}`);
    const explained = findings.filter((finding) => !finding.resolved && isExplained(finding)).length;
    return {
      row: proofRow('accused by the product’s own audit', examined, [...failure, ...offenders]),
      note:
        `${during} audits of the product ran meanwhile; ${findings.length - open.length - explained} of their findings were resolved` +
        (explained === 0 ? '' : `, and ${explained} explained by a person: what a restore took`),
      findings,
    };
  } finally {
    await client.end();
  }
}
