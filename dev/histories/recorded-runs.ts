import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { type WorkflowClient, WorkflowNotFoundError } from '@temporalio/client';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils';
import { type temporal } from '@temporalio/proto';
import { oneLine } from '../../runtime/errors';
import { onTaskQueuesOf } from '../../runtime/task-queues';

type History = temporal.api.history.v1.IHistory;

/** A run, as Temporal or a file has recorded it. */
export interface RecordedRun {
  /** Workflow id and run id; of a file: its name, and nothing. */
  readonly workflowId: string;
  readonly runId: string;
  readonly type: string;
  /** `RUNNING`, `COMPLETED`, …; of a file: `file`. */
  readonly status: string;
  readonly history: History;
}

/** One that could not be read, and why. */
export interface UnreadRun {
  readonly name: string;
  readonly why: string;
}

export interface Wanted {
  /** Workflow ids, or files with a history as `temporal workflow show --output json` and the Web UI write them. */
  readonly names: readonly string[];
  /** The newest so many runs of the deployment. 0: none. */
  readonly last: number;
  /** Of `last`: a condition on search attributes; empty: none. */
  readonly query: string;
  readonly taskQueuePrefix: string;
}

/** The runs that are wanted, one after another: histories are large. */
export async function* recordedRuns(
  workflows: WorkflowClient,
  wanted: Wanted,
): AsyncGenerator<RecordedRun | UnreadRun> {
  for (const name of wanted.names) yield isFile(name) ? fromFile(name) : await fromServer(workflows, name);
  if (wanted.last <= 0) return;
  const ours = onTaskQueuesOf(wanted.taskQueuePrefix);
  const query = wanted.query === '' ? ours : `${ours} AND (${wanted.query})`;
  let count = 0;
  for await (const { workflowId, runId } of workflows.list({ query, pageSize: Math.min(wanted.last, 1_000) })) {
    yield await fromServer(workflows, workflowId, runId);
    if (++count === wanted.last) return;
  }
}

const isFile = (name: string): boolean => name.endsWith('.json');

export const isUnread = (run: RecordedRun | UnreadRun): run is UnreadRun => 'why' in run;

function fromFile(path: string): RecordedRun | UnreadRun {
  try {
    const history = historyFromJSON(JSON.parse(readFileSync(path, 'utf8')));
    const type = typeOf(history);
    if (type === undefined)
      return { name: path, why: 'it is no history: it does not begin with the start of a workflow' };
    return { workflowId: basename(path), runId: '', type, status: 'file', history };
  } catch (thrown) {
    return { name: path, why: oneLine(thrown) };
  }
}

async function fromServer(workflows: WorkflowClient, id: string, runId?: string): Promise<RecordedRun | UnreadRun> {
  try {
    const handle = workflows.getHandle(id, runId);
    const { runId: described, status, type } = await handle.describe();
    const history = await workflows.getHandle(id, described).fetchHistory();
    return { workflowId: id, runId: described, type, status: status.name, history };
  } catch (thrown) {
    if (!(thrown instanceof WorkflowNotFoundError)) throw thrown;
    return { name: id, why: 'Temporal does not know it, or has forgotten it' };
  }
}

function typeOf({ events }: History): string | undefined {
  return events?.[0]?.workflowExecutionStartedEventAttributes?.workflowType?.name ?? undefined;
}
