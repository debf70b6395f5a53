import { setTimeout as sleep } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import { type Client } from '@temporalio/client';
import { type ReplayProgress } from '../../contracts/replay-plan';
import { knownRun } from '../../runtime/known-run';
import { guarded } from '../guard';
import { type ReplayDeps, lastReplayOf, planFurtherRun, reopenDeliveries, startFurtherRun } from './further-run';
import { type PgReplayPlans, type ReplayItem, type Settled } from './pg-replay-plans';
import { isBad, takeUpAgain } from './take-up-again';

interface PlanDeps extends Omit<ReplayDeps, 'workflows'> {
  readonly plans: PgReplayPlans;
  readonly temporal: Client;
}

/** Started runs that one look asks Temporal about. */
const outcomesPage = 200;

export function createReplayActivities({ plans, temporal, ...rest }: PlanDeps) {
  const deps: ReplayDeps = { ...rest, workflows: temporal.workflow };
  return guarded({
    /** The next items of a plan, at most so many; each is written down before and after Temporal is asked, so an attempt that dies repeats none. */
    async replayStep({
      plan,
      most,
    }: {
      plan: string;
      most: number;
    }): Promise<{ done: number; tookMs: number; progress: ReplayProgress }> {
      const { cancellationSignal, heartbeat } = activity();
      const begun = performance.now();
      const { reason, requestedBy: by } = await plans.find(plan);
      const items = await plans.next(plan, most);
      for (const item of items) {
        cancellationSignal.throwIfAborted();
        await plans.attempt(plan, item.place);
        const { reset } = item;
        const settled =
          reset === null
            ? await furtherRun(deps, item, { reason: `plan ${plan}: ${reason}`, by })
            : await takeUpAgain(
                temporal,
                { ...item, reset },
                { requestId: `${plan}/${item.place}`, reason: `plan ${plan} of ${by}: ${reason}` },
                () => reopenDeliveries(deps.pool, item.eventId),
              );
        await plans.settle(plan, item.place, settled);
        heartbeat(item.place);
      }
      return { done: items.length, tookMs: performance.now() - begun, progress: await plans.progress(plan) };
    },

    /** Looks how the runs that a plan has started ended. */
    async replayOutcomes({ plan }: { plan: string }): Promise<{ progress: ReplayProgress }> {
      const { cancellationSignal, heartbeat } = activity();
      for (let after = -1; ;) {
        const page = await plans.underWay(plan, after, outcomesPage);
        for (const { place, workflowId, reset, newRun } of page) {
          cancellationSignal.throwIfAborted();
          const state = await endOf(
            temporal,
            reset === null ? { workflowId: newRun ?? workflowId } : { workflowId, runId: newRun },
          );
          if (state === 'unknown') await plans.settle(plan, place, { state: 'failed', newRun, remark: runLost });
          else if (state !== 'open') await plans.settle(plan, place, { state, newRun, remark: null });
          heartbeat(place);
        }
        if (page.length < outcomesPage) return { progress: await plans.progress(plan) };
        after = page.at(-1)?.place ?? after;
        // The audit and the people ask Temporal, too.
        await sleep(500, undefined, { signal: cancellationSignal });
      }
    },
  });
}

export type ReplayActivities = ReturnType<typeof createReplayActivities>;

/** Of an event whose runs Temporal has forgotten. The number of the run is written down before it is started, so an attempt that dies uses it again. */
async function furtherRun(
  deps: ReplayDeps,
  { eventId, outbox, attempted }: ReplayItem,
  asked: { readonly reason: string; readonly by: string },
): Promise<Settled> {
  const before = attempted ? await lastReplayOf(deps.pool, eventId) : undefined;
  // An attempt before this one started it, and died before it wrote that down here.
  if (before?.started === true && before.reason === asked.reason)
    return { state: 'started', newRun: `${eventId}/replay-${before.number}`, remark: null };
  const planned = await planFurtherRun(deps, { id: eventId, outbox, why: '' }, false);
  const { request, refused } = planned;
  if (request === null) return { state: 'refused', newRun: null, remark: refused };
  return { state: 'started', newRun: await startFurtherRun(deps, { ...planned, request }, asked), remark: null };
}

function activity() {
  const context = Context.current();
  return { cancellationSignal: context.cancellationSignal, heartbeat: (at: number) => context.heartbeat(at) };
}

/** Nothing says how it ended, or whether it did: a plan that counted it as under way would never be over. */
const runLost = 'Temporal does not know its run any more: plan again';

async function endOf(
  temporal: Client,
  { workflowId, runId }: { readonly workflowId: string; readonly runId?: string | null },
): Promise<'completed' | 'failed' | 'open' | 'unknown'> {
  const run = await knownRun(temporal.workflow, workflowId, runId ?? undefined);
  if (run === null) return 'unknown';
  if (isBad(run.status.name)) return 'failed';
  return run.status.name === 'COMPLETED' ? 'completed' : 'open';
}
