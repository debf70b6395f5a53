import { type Client } from '@temporalio/client';

/** How many workflows of the run are open. */
export async function countOpen(client: Client, query: string): Promise<number> {
  return (await client.workflow.count(`${query} AND ExecutionStatus = "Running"`)).count;
}
