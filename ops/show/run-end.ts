import { type WorkflowClient, type WorkflowExecutionDescription, WorkflowFailedError } from '@temporalio/client';
import { ActivityFailure, ApplicationFailure } from '@temporalio/common';
import { type WorkflowResult } from '../../contracts/signals';
import { oneLine, withType } from '../../runtime/errors';

/** How a run ended. */
export interface RunEnd {
  /** RFC 3339. */
  readonly at: string | null;
  /** What it returned: outcome and counts of its effects; null: it did not complete. */
  readonly result: WorkflowResult | null;
  /** Why it ended badly: its failure, then what caused that, down to the first; empty: it completed. */
  readonly failure: readonly string[];
}

/**
 * Null: it is open.
 * @throws what Temporal throws when it is away
 */
export async function endOfRun(
  workflows: WorkflowClient,
  { workflowId, runId, status, closeTime }: WorkflowExecutionDescription,
): Promise<RunEnd | null> {
  if (status.name === 'RUNNING' || status.name === 'PAUSED') return null;
  const at = closeTime?.toISOString() ?? null;
  try {
    const result: unknown = await workflows.getHandle(workflowId, runId, { followRuns: false }).result();
    return { at, result: isResult(result) ? result : null, failure: [] };
  } catch (thrown) {
    if (!(thrown instanceof WorkflowFailedError)) throw thrown;
    return { at, result: null, failure: causesOf(thrown.cause ?? thrown) };
  }
}

function isResult(result: unknown): result is WorkflowResult {
  return typeof result === 'object' && result !== null && 'outcome' in result && 'counts' in result;
}

/** A chain of causes is as long as a person reads. */
const mostCauses = 8;

/** One line for each failure of the chain. That an activity failed is no line of its own: its name stands with the cause; nor is what only repeats. */
function causesOf(failure: Error): string[] {
  const lines: string[] = [];
  let where = '';
  let said = '';
  for (let at: unknown = failure; at instanceof Error && lines.length < mostCauses; at = at.cause) {
    if (at instanceof ActivityFailure && at.cause !== undefined) {
      where = ` (${at.activityType})`;
      continue;
    }
    // An error of ours carries itself as its cause, with less of its type.
    if (oneLine(at) === said) continue;
    said = oneLine(at);
    lines.push(`${lineOf(at)}${where}`);
    where = '';
  }
  return lines;
}

function lineOf(failure: Error): string {
  return withType(failure instanceof ApplicationFailure ? failure.type : failure.name, oneLine(failure));
}
