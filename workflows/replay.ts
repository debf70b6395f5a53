import {
  type ActivityOptions,
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import type { ReplayActivities } from '../activities/replay/create-replay-activities';
import { nonRetryableCodes } from '../contracts/failures';
import {
  type ReplayOrder,
  type ReplayPause,
  type ReplayProgress,
  type ReplayReport,
  replayBar,
  replayProgressQuery,
  replaySignals,
} from '../contracts/replay-plan';
import { limits } from '../contracts/time-budgets';

const pause = defineSignal<[ReplayPause]>(replaySignals.pause);
const resume = defineSignal(replaySignals.resume);
const stop = defineSignal<[ReplayPause]>(replaySignals.stop);
const pace = defineSignal<[number]>(replaySignals.pace);

/** Items of one activity: a pause or a stop waits for no more than these. */
const secondsOfStep = 5;

/**
 * Works a plan of replays off, item by item, no faster than asked: what is healed meanwhile is left out. Pause, resume, pace and stop are signals;
 * what came of each item is in State, and a run that is killed goes on after the last of them.
 */
export async function replayWorkflow(order: ReplayOrder): Promise<ReplayReport> {
  const options: ActivityOptions = {
    startToCloseTimeout: limits.replay.startToCloseMs,
    heartbeatTimeout: limits.replay.heartbeatMs,
    retry: { initialInterval: '1s', maximumInterval: '30 seconds', nonRetryableErrorTypes: [...nonRetryableCodes] },
  };
  const { replayStep } = proxyActivities<ReplayActivities>({ ...options, summary: 'take up the next runs' });
  const { replayOutcomes } = proxyActivities<ReplayActivities>({ ...options, summary: 'how those taken up ended' });
  const { plan } = order;
  let perSecond = order.perSecond;
  let paused: ReplayPause | null = order.paused ?? null;
  let stopped: ReplayPause | null = null;
  let progress: ReplayProgress | undefined;
  let [paces, sinceLookMs] = [0, 0];
  const report = (): ReplayReport => ({
    ...{ plan, perSecond, paused, stopped },
    progress: progress ?? { planned: 0, started: 0, completed: 0, failed: 0, healed: 0, refused: 0 },
  });
  const show = (): void => setCurrentDetails(detailsOf(report()));
  setHandler(defineQuery<ReplayReport>(replayProgressQuery), report);
  setHandler(pause, (by) => {
    paused = by;
    show();
  });
  setHandler(resume, () => {
    paused = null;
    show();
  });
  setHandler(pace, (next) => {
    if (next > 0) perSecond = next;
    paces += 1;
    show();
  });
  setHandler(stop, (by) => {
    stopped = by;
    show();
  });

  for (;;) {
    await condition(() => paused === null || stopped !== null);
    if (stopped !== null) break;
    const most = Math.max(1, Math.round(perSecond * secondsOfStep));
    const step = await replayStep({ plan, most });
    progress = step.progress;
    show();
    if (step.progress.planned === 0) break;
    // What the step itself took is part of its time.
    const ofStep = Math.max((step.done * 1_000) / perSecond, step.tookMs);
    const asked = paces;
    if (ofStep > step.tookMs)
      await condition(() => stopped !== null || paces > asked, ofStep - step.tookMs, { summary: 'the pace' });
    // How they ended is seen while others are started: a replay that fails once more is a reason to pause.
    if ((sinceLookMs += ofStep) >= lookEveryMs) {
      progress = (await replayOutcomes({ plan })).progress;
      sinceLookMs = 0;
      show();
    }
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof replayWorkflow>({ plan, perSecond, paused });
  }
  // Those that were started end as any run does; some wait for what is away, so there is an end to waiting.
  for (let waitedMs = 0, waitMs = firstLookMs; ; waitMs = Math.min(2 * waitMs, lookEveryMs)) {
    progress = (await replayOutcomes({ plan })).progress;
    show();
    if (progress.started === 0 || waitedMs >= waitForEndMs) return report();
    await sleep(waitMs, { summary: 'until the next look' });
    waitedMs += waitMs;
  }
}

const firstLookMs = 1_000;
const lookEveryMs = 30_000;
const waitForEndMs = 600_000;

/** Markdown, for the Web UI: a bar, the figures, and what a person can do. */
function detailsOf({ progress, perSecond, paused, stopped }: ReplayReport): string {
  const { bar, past, total } = replayBar(progress);
  const words = Object.entries(progress).flatMap(([state, count]) => (count > 0 ? [`${count} ${state}`] : []));
  return [
    `\`${bar}\` ${past} of ${total}`,
    words.join(' · '),
    stopped !== null
      ? `**stopped** by ${stopped.by}${stopped.reason === null ? '' : `: ${stopped.reason}`}`
      : paused !== null
        ? `**paused** by ${paused.by}${paused.reason === null ? '' : `: ${paused.reason}`}; \`npx nova replays resume\` goes on`
        : `${perSecond} a second; \`npx nova replays pause\`, \`pace\`, \`stop\``,
  ].join('\n\n');
}
