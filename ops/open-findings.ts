import { type WorkflowClient } from '@temporalio/client';
import { type Pool } from 'pg';

/** How many open findings of the audit, by kind; kinds without any are left out. */
export type FindingsByKind = Readonly<Record<string, number>>;

const select = `
  SELECT kind, count(*) AS count FROM nova.audit_findings
  WHERE resolved_at IS NULL AND acknowledged_at IS NULL GROUP BY kind ORDER BY kind`;

/** What the audit has found and no person has ended. */
export async function findingsByKind(pool: Pool): Promise<FindingsByKind> {
  const { rows } = await pool.query<{ kind: string; count: number }>(select);
  return Object.fromEntries(rows.map(({ kind, count }) => [kind, count]));
}

/** Runs with a paused activity at this moment, whether an audit has seen them or not; null: Temporal does not say. */
export async function pausedRuns(workflows: WorkflowClient): Promise<number | null> {
  const query = `ExecutionStatus = 'Running' AND EventType IS NOT NULL AND TemporalPauseInfo IS NOT NULL`;
  const asked = workflows.withDeadline(Date.now() + 3_000, () => workflows.count(query));
  return asked.then(
    ({ count }) => count,
    () => null,
  );
}

/** @param kinds null: PostgreSQL does not say */
export function openFindingsText(kinds: FindingsByKind | null, pausedRuns: number | null): string {
  const found = Object.entries(kinds ?? {}).map(([kind, count]) => `${count} ${kind}`);
  const paused = pausedRuns === null ? 'unknown, Temporal does not say' : String(pausedRuns);
  return `runs with a paused activity ${paused} · open findings of the audit: ${kinds === null ? 'unknown' : found.length === 0 ? 'none' : `${found.join(', ')} (ops audit)`}`;
}
