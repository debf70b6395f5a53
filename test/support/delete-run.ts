import { type Client } from '@temporalio/client';
import { waitFor } from './wait-for';

/** Makes Temporal forget the run of an id, as the end of the namespace's retention does. */
export async function deleteRun(client: Client, workflowId: string): Promise<void> {
  const { namespace } = client.options;
  await client.workflowService.deleteWorkflowExecution({ namespace, workflowExecution: { workflowId } });
  await waitFor(
    () =>
      client.workflow
        .getHandle(workflowId)
        .describe()
        .then(
          () => false,
          (thrown: unknown) => /not found/i.test(String(thrown)),
        ),
    { what: `run ${workflowId} deleted` },
  );
}
