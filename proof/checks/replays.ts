import { groupBy } from '../../runtime/group-by';
import { type Run } from './evidence';

/** The event that a workflow is for: a replay's id begins with it. */
export function eventOf(workflowId: string): string {
  return workflowId.split('/')[0] ?? workflowId;
}

/**
 * The runs under the id of their event, the one that counts last: one that completed after one that an operator ended or
 * reset, a replay after those that it makes up for.
 */
export function byEvent(runs: readonly Run[]): Run[] {
  const rank = ({ status }: Run) => (status === 'COMPLETED' ? 1 : 0);
  return [...runs]
    .sort((a, b) => rank(a) - rank(b) || a.workflowId.length - b.workflowId.length)
    .map((run) => ({ ...run, workflowId: eventOf(run.workflowId) }));
}

/**
 * Runs that ended other than well, or not at all, where no other run of the event came to a good end. Of a chain of which
 * nothing but "went on as a new run" is there, all of it.
 */
export function badlyEnded<R extends Run>(runs: readonly R[]): R[] {
  return [...groupBy(runs, ({ workflowId }) => eventOf(workflowId)).values()].flatMap((ofEvent) => {
    const open = ofEvent.filter(({ status }) => status === 'RUNNING');
    if (ofEvent.some(({ status }) => status === 'COMPLETED')) return open;
    const ended = ofEvent.filter(({ status }) => status !== 'CONTINUED_AS_NEW');
    return ended.length === 0 ? [...ofEvent] : ended;
  });
}
