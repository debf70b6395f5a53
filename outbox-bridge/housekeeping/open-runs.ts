import { type Connection } from '@temporalio/client';
import { type OpenRuns } from './partitions';

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/i;
const pageSize = 500;
const mostPages = 4;
const dayMs = 86_400_000;

/**
 * Ids of the events whose run has been open for longer than the retention; a replay counts for its event. 'unknown' when
 * Temporal does not answer, or has more than anybody should: then nothing is dropped, which can wait.
 */
export async function readOpenRuns(
  connection: Connection,
  options: { namespace: string; retentionDays: number; now: number },
): Promise<OpenRuns> {
  const before = new Date(options.now - options.retentionDays * dayMs).toISOString();
  const query = `ExecutionStatus = "Running" AND EventType IS NOT NULL AND StartTime < "${before}"`;
  const ids: string[] = [];
  let nextPageToken: Uint8Array = new Uint8Array();
  try {
    for (let page = 0; page < mostPages; page++) {
      const answer = await connection.withDeadline(Date.now() + 10_000, () =>
        connection.workflowService.listWorkflowExecutions({
          namespace: options.namespace,
          query,
          pageSize,
          nextPageToken,
        }),
      );
      ids.push(...(answer.executions ?? []).flatMap(({ execution }) => uuid.exec(execution?.workflowId ?? '') ?? []));
      nextPageToken = answer.nextPageToken;
      if (nextPageToken.length === 0) return ids;
    }
  } catch {
    return 'unknown';
  }
  return 'unknown';
}
