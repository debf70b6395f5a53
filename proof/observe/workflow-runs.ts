import { type Client } from '@temporalio/client';
import { until } from '../../dev/stack/until';

export interface WorkflowRun {
  readonly workflowId: string;
  readonly type: string;
  /** `COMPLETED`, `FAILED`, `RUNNING`, `CONTINUED_AS_NEW`, … */
  readonly status: string;
  /** Search attribute, set when a run ended other than plainly. */
  readonly outcome: string | undefined;
}

/** How many workflows of the run are open. */
export async function countOpen(client: Client, query: string): Promise<number> {
  return (await client.workflow.count(`${query} AND ExecutionStatus = "Running"`)).count;
}

/** Every run that the query lists, once visibility, which lags behind, has at least `expected` of them. */
export async function listRuns(client: Client, query: string, expected: number): Promise<WorkflowRun[]> {
  const enough = async () => (await client.workflow.count(query)).count >= expected;
  await until(enough, { timeoutMs: 10_000, everyMs: 200 });
  const runs: WorkflowRun[] = [];
  for await (const run of client.workflow.list({ query, pageSize: 1_000 })) {
    const outcome = run.typedSearchAttributes.getAll().find(({ key }) => key.name === 'Outcome')?.value;
    runs.push({
      workflowId: run.workflowId,
      type: run.type,
      status: run.status.name,
      outcome: outcome === undefined ? undefined : String(outcome),
    });
  }
  return runs;
}
