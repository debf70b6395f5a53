import { type WorkflowClient, type WorkflowExecutionDescription, WorkflowNotFoundError } from '@temporalio/client';

/**
 * What Temporal says of a run, or of the newest of a workflow id; null: it knows none, or has forgotten it.
 * @throws what Temporal throws when it is away
 */
export async function knownRun(
  workflows: WorkflowClient,
  workflowId: string,
  runId?: string,
): Promise<WorkflowExecutionDescription | null> {
  try {
    return await workflows.getHandle(workflowId, runId).describe();
  } catch (thrown) {
    if (thrown instanceof WorkflowNotFoundError) return null;
    throw thrown;
  }
}
