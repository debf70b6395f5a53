import { Client, Connection } from '@temporalio/client';

/**
 * Thirty callers, as many as a bridge has in flight, who give up after 1 to 12 ms; prints how many calls were given up. A
 * process of its own: jest keeps what it knows of each error, and thousands of gRPC errors took all memory.
 * Arguments: address, namespace, calls.
 */
async function main([address = '', namespace = '', count = '']: readonly string[]): Promise<void> {
  const connection = await Connection.connect({ address, connectTimeout: '90s' });
  const client = new Client({ connection, namespace });
  const calls: readonly ((workflowId: string) => Promise<unknown>)[] = [
    (workflowId: string) => client.workflow.start('nothing', { workflowId, taskQueue: 'nothing' }),
    (workflowId: string) => client.workflow.getHandle(workflowId).describe(),
    (workflowId: string) =>
      client.workflowService.listWorkflowExecutions({ namespace, query: `WorkflowId = '${workflowId}'` }),
  ];
  let givenUp = 0;
  const caller = async (_: unknown, first: number): Promise<void> => {
    for (let n = first; n < Number(count); n += 30) {
      const call = async () => calls[n % 3]?.(`given-up-${n - (n % 3)}`);
      await connection.withDeadline(Date.now() + 1 + (n % 12), call).catch(() => (givenUp += 1));
    }
  };
  await Promise.all(Array.from({ length: 30 }, caller));
  await connection.close();
  console.log(givenUp);
}

void main(process.argv.slice(2));
