import { type ReplayDeps } from '../../activities/replay/further-run';
import { type BadRun, inOrder, newestRun } from './bad-runs';
import { foundEvents } from './found-events';
import { type OutboxAway } from '../outboxes';
import { planReplays } from './replay';

export interface FoundRuns {
  readonly runs: readonly BadRun[];
  /** Events that cannot be replayed, by why. */
  readonly refused: ReadonlyMap<string, number>;
  readonly away: readonly OutboxAway[];
}

/** Events that are looked at between two words on how far it is. */
const pageSize = 50;

/**
 * What the open findings of the audit name and a replay ends. Of these Temporal may have forgotten the run, or has one that completed although Kafka
 * never got the event: both are started from their beginning; a run that ended badly is taken up where it failed.
 * @param onLook after each page: how many were looked at, and how many are meant
 */
export async function foundRuns(
  deps: ReplayDeps,
  options: { readonly type: string | null; readonly sinceMs: number | null; readonly limit: number },
  onLook: (looked: number, found: number) => void,
): Promise<FoundRuns> {
  const found = await foundEvents(deps, options);
  const away = new Map(found.away.map((one) => [one.outbox, one]));
  const refused = new Map<string, number>();
  const runs: BadRun[] = [];
  for (let from = 0; from < found.ids.length; from += pageSize) {
    const page = await planReplays(deps, found.ids.slice(from, from + pageSize), { again: false });
    for (const one of page.away) away.set(one.outbox, one);
    for (const { id, outbox, refused: why, request, before, workflowId } of page.plans) {
      if (why !== null || request === null || outbox === null) {
        refused.set(why ?? '', (refused.get(why ?? '') ?? 0) + 1);
        continue;
      }
      const run = await newestRun(deps, id);
      const { eventType, sequence } = request.ref;
      const further = { ...{ eventId: id, eventType, outbox, sequence, workflowId }, reset: null, step: null };
      runs.push(typeof run === 'string' ? { ...further, why: `FOUND: ${before}` } : run);
    }
    onLook(Math.min(from + pageSize, found.ids.length), runs.length);
  }
  return { runs: inOrder(runs), refused, away: [...away.values()] };
}
