import { continueAsNew } from '@temporalio/workflow';
import type { FanoutMode, FanoutStep } from '../activities/feed/fan-out';
import { type EventRef } from '../contracts/event-ref';
import { type WorkflowResult } from '../contracts/signals';
import { onQueue } from './steps/activity-options';
import { beginEmit } from './steps/emit-to-kafka';
import { FanoutPager } from './steps/fanout-pager';
import { localThenLater } from './steps/local-first';
import { Looks } from './steps/looks';
import { beginNotify, noOneNotified } from './steps/begin-notify';
import { recordOutcome } from './steps/outcome';
import { settleAll } from './steps/settle';
import { deletedSignal } from './signals';

/** What a run gives to its successor: how far the paging is, and the results of the effects that are over. */
export interface CarriedFanout {
  readonly step: FanoutStep;
  readonly counts: Record<string, number>;
  /** Looks that signals have caused; a run of the version before names none. */
  readonly looks?: number;
}

/**
 * A post appears: it goes to the followers' feeds, its media are claimed, the mentioned are notified. A small fan-out is over
 * with its first, local activity; a large one is paged beside the other effects, over several runs if need be.
 */
export async function feedFanoutWorkflow(event: EventRef, carried?: CarriedFanout): Promise<WorkflowResult> {
  const pager = new FanoutPager(event);
  const waiting: { lookAgain(): void }[] = [pager];
  const looks = new Looks(event, carried?.looks);
  looks.on(deletedSignal, () => waiting.forEach((waiter) => waiter.lookAgain()));

  const { step, counts } =
    carried === undefined
      ? await firstRun(event, pager, waiting)
      : { step: await pager.run(carried.step, () => true), counts: carried.counts };
  if (step.next !== null) await continueAsNew<typeof feedFanoutWorkflow>(event, { step, counts, looks: looks.count });

  const outcome = outcomeOf(step.mode);
  recordOutcome(outcome);
  return { outcome, counts: { followers: step.written, ...counts } };
}

async function firstRun(event: EventRef, pager: FanoutPager, waiting: { lookAgain(): void }[]): Promise<CarriedFanout> {
  const begun = await localThenLater('feedBegin', onQueue('feed', { summary: 'record post, first page' }), event);
  // What a successor cannot take over must be done before there is one.
  let othersDone = false;
  const feed = begun.done.then((step) => pager.run(step, () => othersDone));
  feed.catch(() => undefined);

  const emit = await beginEmit(event);
  // Without the record of the post it is not known what else there is to do, so none of it is called done.
  const { media, mentions } = await begun.done.catch(() => ({ media: false, mentions: false }));
  const notBegun = begun.done.then(() => undefined);
  notBegun.catch(() => undefined);
  const claim = media ? await beginClaim(event) : { done: notBegun.then(() => ({ linked: 0 })) };
  const notifying = mentions ? await beginNotify(event) : undefined;
  if (notifying !== undefined) waiting.push(notifying);
  const notified = notifying?.done ?? notBegun.then(() => noOneNotified);

  const others = Promise.all([claim.done, notified, emit.done]);
  others.then(
    () => (othersDone = true),
    () => undefined,
  );
  await settleAll({ feed, 'media claim': claim.done, notify: notified, 'kafka emit': emit.done });
  const [{ linked }, { created, sent }] = await others;
  return { step: await feed, counts: { linked, notified: created, ...sent } };
}

function beginClaim(event: EventRef): Promise<{ readonly done: Promise<{ linked: number }> }> {
  return localThenLater('mediaClaim', onQueue('media', { summary: 'claim media' }), event);
}

function outcomeOf(mode: FanoutMode): WorkflowResult['outcome'] {
  if (mode === 'stopped') return 'stopped';
  return mode === 'overtaken' ? 'skipped' : 'done';
}
