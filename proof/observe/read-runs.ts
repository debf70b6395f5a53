import { type Client, type WorkflowExecutionInfo, WorkflowNotFoundError } from '@temporalio/client';
import { groupBy } from '../../runtime/group-by';
import { until } from '../../dev/stack/until';
import { type Run } from '../checks/evidence';

/** A list does not say of which chain a run is part. */
type Listed = Omit<Run, 'firstRunId'>;

const pageSize = 1_000;
const lagMs = 60_000;
const patienceMs = 180_000;

/**
 * Every run that the query lists. Visibility lags behind and is only a copy, so runs of `expected` ids that it does not
 * list are asked for by their id before they count as missing, and so are those it calls open.
 */
export async function readRuns(
  client: Client,
  query: string,
  expected: readonly string[],
  onPage: (count: number) => void = () => undefined,
): Promise<Run[]> {
  // A server that is just being started again is waited for as well.
  const enough = () =>
    client.workflow.count(query).then(
      ({ count }) => count >= expected.length,
      () => false,
    );
  await until(enough, { timeoutMs: lagMs, everyMs: 500 });
  const listed: Listed[] = [];
  await answered('list', async () => {
    listed.length = 0;
    for await (const info of client.workflow.list({ query, pageSize })) {
      listed.push(listedOf(info));
      if (listed.length % pageSize === 0) onPage(listed.length);
    }
  });
  for (const [i, run] of listed.entries()) {
    if (run.status === 'RUNNING') listed[i] = (await describe(client, run.workflowId, run.runId)) ?? run;
  }
  const seen = new Set(listed.map(({ workflowId }) => workflowId));
  for (const id of expected) {
    if (seen.has(id)) continue;
    const found = await describe(client, id);
    if (found !== undefined) listed.push(found);
  }
  const runs: Run[] = [];
  for (const ofWorkflow of groupBy(listed, ({ workflowId }) => workflowId).values()) {
    for (const run of ofWorkflow) runs.push({ ...run, firstRunId: await firstRunOf(client, run, ofWorkflow.length) });
  }
  return runs;
}

/** Undefined: Temporal says that there is no such run. That a starved server gives no reply is no such word. */
function describe(client: Client, workflowId: string, runId?: string): Promise<Listed | undefined> {
  return answered(`describe ${workflowId}`, () =>
    client.workflow
      .getHandle(workflowId, runId)
      .describe()
      .then(listedOf, (thrown: unknown) => {
        if (thrown instanceof WorkflowNotFoundError) return undefined;
        throw thrown;
      }),
  );
}

/** Asks again until Temporal replies. */
async function answered<T>(what: string, ask: () => Promise<T>): Promise<T> {
  let replies: T[] = [];
  let failure: unknown;
  const asked = (): Promise<boolean> =>
    ask().then(
      (reply) => {
        replies = [reply];
        return true;
      },
      (thrown: unknown) => {
        failure = thrown;
        return false;
      },
    );
  if (!(await until(asked, { timeoutMs: patienceMs, everyMs: 500 })))
    throw new Error(`Temporal does not reply to ${what}`, { cause: failure });
  return replies[0] as T;
}

type ListedInfo = Pick<WorkflowExecutionInfo, 'workflowId' | 'runId' | 'type' | 'status' | 'typedSearchAttributes'>;

function listedOf(info: ListedInfo): Listed {
  const attributes = info.typedSearchAttributes.getAll();
  const attribute = (name: string): string | undefined => {
    const value = attributes.find(({ key }) => key.name === name)?.value;
    return value === undefined ? undefined : String(value);
  };
  return {
    workflowId: info.workflowId,
    runId: info.runId,
    type: info.type,
    status: info.status.name,
    outcome: attribute('Outcome'),
    outbox: attribute('Outbox'),
  };
}

/** Only where a workflow has several runs does it matter, and then its history says it. */
async function firstRunOf(client: Client, run: Listed, siblings: number): Promise<string> {
  if (siblings === 1) return run.runId;
  const { history } = await answered(`the history of ${run.workflowId}`, () =>
    client.workflowService.getWorkflowExecutionHistory({
      namespace: client.options.namespace,
      execution: { workflowId: run.workflowId, runId: run.runId },
      maximumPageSize: 1,
    }),
  );
  return history?.events?.[0]?.workflowExecutionStartedEventAttributes?.firstExecutionRunId || run.runId;
}
