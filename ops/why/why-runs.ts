import { type WorkflowExecutionInfo } from '@temporalio/client';
import { type SearchAttributeName } from '../../contracts/search-attributes';
import { oneLine } from '../../runtime/errors';
import { onTaskQueuesOf } from '../../runtime/task-queues';
import { within } from '../../runtime/within';
import { type Connections } from '../connections';
import { type Check, fine, note, wrong } from './why';

/** Runs of a person that are listed: open ones first, then those that ended last, as Temporal lists them. */
const mostRuns = 5;
const waitMs = 5_000;
const [actor, type]: [SearchAttributeName, SearchAttributeName] = ['ActorId', 'EventType'];
const endedBadly = new Set(['FAILED', 'TIMED_OUT', 'TERMINATED', 'CANCELLED']);

const eventOf = ({ workflowId }: WorkflowExecutionInfo): string => workflowId.split('/')[0]!;

/** The runs of what this user did, one check each. None: Temporal knows none, or they were started before runs said who caused their event. */
export async function runsCausedBy({ workflows, config }: Connections, userId: string): Promise<Check[]> {
  const query = `${actor} = ${JSON.stringify(userId)} AND ${onTaskQueuesOf(config.taskQueuePrefix)}`;
  const listed = async () => {
    const runs: WorkflowExecutionInfo[] = [];
    for await (const run of workflows.list({ query, pageSize: mostRuns })) {
      runs.push(run);
      if (runs.length === mostRuns) break;
    }
    return runs;
  };
  try {
    const runs = await within(waitMs, listed(), () => new Error(`no reply within ${waitMs / 1_000} s`));
    const done = new Set(runs.filter(({ status }) => status.name === 'COMPLETED').map(eventOf));
    return runs.map((run) => checkOf(run, done.has(eventOf(run))));
  } catch (thrown) {
    return [note('caused', `Temporal did not list the runs of what they did: ${oneLine(thrown)}`)];
  }
}

/** @param isDone a run of the event has completed: this one, or a replay of it */
function checkOf(run: WorkflowExecutionInfo, isDone: boolean): Check {
  const { workflowId, status, startTime, searchAttributes } = run;
  const state = status.name === 'RUNNING' ? 'open' : status.name.toLowerCase().replaceAll('_', ' ');
  const says = `${String(searchAttributes[type]?.[0])}, started ${startTime.toISOString()}, is ${state}: ${workflowId}`;
  if (!endedBadly.has(status.name)) return fine('caused', says);
  return (isDone ? note : wrong)('caused', says, `npx nova why ${eventOf(run)}`);
}
