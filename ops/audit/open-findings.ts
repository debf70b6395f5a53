import { type WorkflowClient } from '@temporalio/client';
import { type Pool } from 'pg';

/** Open findings of one kind in one outbox. */
export interface OpenFindings {
  readonly kind: string;
  /** Null: of no event, or of an event whose outbox is not known. */
  readonly outbox: string | null;
  readonly count: number;
}

const select = `
  SELECT kind, outbox, count(*) AS count FROM nova.audit_findings
  WHERE resolved_at IS NULL AND acknowledged_at IS NULL GROUP BY kind, outbox ORDER BY kind, outbox`;

/** What the audit has found and no person has ended, by kind and outbox; where there is nothing, there is no line. */
export async function openFindings(pool: Pool): Promise<readonly OpenFindings[]> {
  return (await pool.query<OpenFindings>(select)).rows;
}

/** The same, whichever outbox they are of. */
export function countsByKind(findings: readonly OpenFindings[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { kind, count } of findings) counts[kind] = (counts[kind] ?? 0) + count;
  return counts;
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

/**
 * @param findings null: PostgreSQL does not say
 * @param several whether there are outboxes to distinguish
 */
export function openFindingsText(
  findings: readonly OpenFindings[] | null,
  pausedRuns: number | null,
  several: boolean,
): string {
  const found = Object.entries(countsByKind(findings ?? [])).map(([kind, count]) => {
    const parts = (findings ?? []).filter((one) => one.kind === kind).map((one) => `${one.count} ${ofOutbox(one)}`);
    return `${count} ${kind}${several ? ` (${parts.join(', ')})` : ''}`;
  });
  const paused = pausedRuns === null ? 'unknown, Temporal does not say' : String(pausedRuns);
  return `runs with a paused activity ${paused} · open findings of the audit: ${findings === null ? 'unknown' : found.length === 0 ? 'none' : `${found.join(', ')} (npx nova audit)`}`;
}

/** `of content` */
export function ofOutbox({ outbox }: { readonly outbox: string | null }): string {
  return outbox === null ? 'of no known outbox' : `of ${outbox}`;
}
