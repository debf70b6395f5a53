import { type WorkflowClient } from '@temporalio/client';
import { type Pool } from 'pg';

export interface OpenFindings {
  /** How many open findings of the audit, by kind; kinds without any are left out. */
  readonly kinds: Readonly<Record<string, number>>;
  /** Runs with a paused activity, now; null: Temporal does not say. */
  readonly pausedRuns: number | null;
}

const select = `
  SELECT kind, count(*) AS count FROM nova.audit_findings
  WHERE resolved_at IS NULL AND acknowledged_at IS NULL GROUP BY kind ORDER BY kind`;

/** What the audit has found and no person has ended, and what is paused at this moment, whether an audit has seen it or not. */
export async function openFindings(pool: Pool, workflows: WorkflowClient): Promise<OpenFindings> {
  const { rows } = await pool.query<{ kind: string; count: number }>(select);
  const query = `ExecutionStatus = 'Running' AND EventType IS NOT NULL AND TemporalPauseInfo IS NOT NULL`;
  const asked = workflows.withDeadline(Date.now() + 3_000, () => workflows.count(query));
  const pausedRuns = await asked.then(
    ({ count }) => count,
    () => null,
  );
  return { kinds: Object.fromEntries(rows.map(({ kind, count }) => [kind, count])), pausedRuns };
}

export function openFindingsText({ kinds, pausedRuns }: OpenFindings): string {
  const found = Object.entries(kinds).map(([kind, count]) => `${count} ${kind}`);
  const paused = pausedRuns === null ? 'unknown, Temporal does not say' : String(pausedRuns);
  return `runs with a paused activity ${paused} · open findings of the audit: ${found.length === 0 ? 'none' : `${found.join(', ')} (ops audit)`}`;
}
