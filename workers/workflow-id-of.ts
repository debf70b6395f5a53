import { type Client } from '@temporalio/client';

/** A lookup that takes longer is given up: the line is written without its result, milliseconds. */
const patienceMs = 2_000;

/**
 * The workflow id of a run, from visibility; undefined: it is not listed (yet). The core of the SDK names the run alone.
 * @throws what Temporal throws when it is away
 */
export async function workflowIdOf(client: Client, runId: string): Promise<string | undefined> {
  if (!/^[0-9a-f-]{36}$/.test(runId)) return undefined;
  const { executions } = await client.withDeadline(Date.now() + patienceMs, () =>
    client.workflowService.listWorkflowExecutions({
      namespace: client.options.namespace,
      query: `RunId = '${runId}'`,
      pageSize: 1,
    }),
  );
  return executions?.[0]?.execution?.workflowId ?? undefined;
}
