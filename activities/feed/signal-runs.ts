import { type EventRef } from '../../contracts/event-ref';
import { faultPoint } from '../../runtime/fault-points';
import { type FeedDeps } from './deps';

/** Newest runs that get a signal; older ones have ended, or meet the tombstone at their next look. */
const maxRuns = 50;
const atOnce = 8;

/** Signals to the running workflows of the aggregate's earlier events that it was deleted. Returns how many it reached. */
export async function signalRuns(deps: Pick<FeedDeps, 'history' | 'runs'>, event: EventRef): Promise<number> {
  const workflowIds = await deps.history.startedBefore(event, maxRuns);
  await faultPoint('feed.runs-found');
  const { aggregateType, aggregateId, eventType: reason } = event;
  let reached = 0;
  for (let i = 0; i < workflowIds.length; i += atOnce) {
    const replies = await Promise.all(
      workflowIds.slice(i, i + atOnce).map((id) => deps.runs.deleted(id, { aggregateType, aggregateId, reason })),
    );
    reached += replies.filter(Boolean).length;
  }
  return reached;
}
