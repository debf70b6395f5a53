import { setTimeout as sleep } from 'node:timers/promises';
import { type Connection } from '@temporalio/client';
import { grpcStatusOf } from '../../runtime/service-error';
import { type OpenRuns } from './partitions';

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/i;
const pageSize = 500;
/** 100,000 open runs. With more than that something is wrong that matters more than an old partition. */
const mostPages = 200;
/** Between two pages: a frontend allows a namespace ten visibility calls a second, and others need some. */
const pauseMs = 200;

/** Whether the run of an event is open, asked of it directly. A replay counts when it is in the list of open runs. */
export async function isRunOpen(connection: Connection, namespace: string, workflowId: string): Promise<boolean> {
  try {
    const { workflowExecutionInfo } = await connection.withDeadline(Date.now() + 10_000, () =>
      connection.workflowService.describeWorkflowExecution({ namespace, execution: { workflowId } }),
    );
    return workflowExecutionInfo?.closeTime == null;
  } catch (thrown) {
    if (grpcStatusOf(thrown) === 'NOT_FOUND') return false;
    throw thrown;
  }
}

/**
 * Ids of the events that have an open run; a replay counts for its event. However long ago the run began: a run that was
 * reset, continued or replayed lately is a young run of an old event. 'unknown' when Temporal does not reply, or has more
 * open runs than can be read: then nothing is dropped, which can wait.
 */
export async function readOpenRuns(connection: Connection, options: { namespace: string }): Promise<OpenRuns> {
  const query = `ExecutionStatus = "Running" AND EventType IS NOT NULL`;
  const ids: string[] = [];
  let nextPageToken: Uint8Array = new Uint8Array();
  try {
    for (let page = 0; page < mostPages; page++) {
      if (page > 0) await sleep(pauseMs);
      const answer = await connection.withDeadline(Date.now() + 10_000, () =>
        connection.workflowService.listWorkflowExecutions({
          namespace: options.namespace,
          query,
          pageSize,
          nextPageToken,
        }),
      );
      for (const { execution } of answer.executions ?? []) {
        const id = uuid.exec(execution?.workflowId ?? '')?.[0];
        if (id !== undefined) ids.push(id);
      }
      nextPageToken = answer.nextPageToken;
      if (nextPageToken.length === 0) return ids;
    }
  } catch {
    return 'unknown';
  }
  return 'unknown';
}
