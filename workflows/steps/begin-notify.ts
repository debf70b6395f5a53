import { CancellationScope, isCancellation, proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { InAppResult } from '../../activities/notify/in-app';
import type { NotifyActivities } from '../../activities/notify/notify-activities';
import { type ExternalChannel, sentCounts } from '../../contracts/notification-kinds';
import { type EventRef } from '../../contracts/event-ref';
import { limits } from '../../contracts/time-budgets';
import { localTry, onQueue } from './activity-options';
import { gathersCancellation } from './cancelled';
import { rejected } from './local-first';

/** The result of notifying. */
export interface NotifyResult {
  readonly created: number;
  /** Deliveries that providers took over, a count for each channel under the name that `sentCounts` gives it. */
  readonly sent: Readonly<Record<string, number>>;
  /** Deliveries that no retry can repair: refused, or sent without a reply. The ledger says which and why. */
  readonly undelivered: number;
  readonly stopped: boolean;
  readonly ownerUnknown: boolean;
}

/** Notifying under way. */
export interface Notifying {
  /** Resolves when every inbox and every channel is done. Gather it with `settleAll`. */
  readonly done: Promise<NotifyResult>;
  /** Something was deleted: deliveries that wait look at once whether they are still wanted, instead of at their next try. */
  lookAgain(): void;
}

/** Pages tried locally before the rest moves to one long activity: some 2,000 people, in well under a second. */
const localPages = 4;

/**
 * Notifies everyone the event concerns: inboxes at once, page by page, then each channel. Returns when its local activities
 * are over, so that the workflow can begin its next effect; an outage goes on in `done`.
 */
export async function beginNotify(event: EventRef): Promise<Notifying> {
  const waiting = new Set<CancellationScope>();
  const inboxes = await beginInboxes(event);
  const done = inboxes.rest.then((inbox) => throughChannels(event, inbox, waiting));
  done.catch(() => undefined);
  return { done, lookAgain: () => waiting.forEach((scope) => scope.cancel()) };
}

async function beginInboxes(event: EventRef): Promise<{ readonly rest: Promise<InAppResult> }> {
  const { notifyInApp } = proxyLocalActivities<NotifyActivities>(localTry);
  let created = 0;
  let cursor: string | null = null;
  for (let page = 0; page < localPages; page++) {
    let result: InAppResult;
    try {
      result = await notifyInApp(event, cursor);
    } catch (thrown) {
      if (isCancellation(thrown)) {
        if (!gathersCancellation()) throw thrown;
        const rest = rejected(thrown);
        rest.catch(() => undefined);
        return { rest };
      }
      break;
    }
    created += result.created;
    cursor = result.next;
    if (cursor === null) return { rest: Promise.resolve({ ...result, created }) };
  }
  const { notifyPages } = proxyActivities<NotifyActivities>(
    onQueue('notification', {
      startToCloseTimeout: limits.inboxes.startToCloseMs,
      heartbeatTimeout: limits.inboxes.heartbeatMs,
      summary: 'inboxes',
    }),
  );
  const rest = notifyPages(event, cursor).then((result) => ({ ...result, created: created + result.created }));
  rest.catch(() => undefined);
  return { rest };
}

async function throughChannels(
  event: EventRef,
  inbox: InAppResult,
  waiting: Set<CancellationScope>,
): Promise<NotifyResult> {
  const counts = await Promise.all(inbox.channels.map((channel) => throughOne(event, channel, waiting)));
  return {
    created: inbox.created,
    sent: sentOn(inbox.channels.map((channel, i) => [channel, counts[i]?.sent ?? 0])),
    undelivered: sum(counts.map(({ failed, unknown }) => failed + unknown)),
    stopped: inbox.stopped,
    ownerUnknown: inbox.ownerUnknown,
  };
}

/**
 * A wait that was cancelled to look again starts over: the activity looks before every send. An attempt that was just
 * running then may end with its own failure, which Temporal does not retry any more, instead of a cancellation.
 */
async function throughOne(event: EventRef, channel: ExternalChannel, waiting: Set<CancellationScope>) {
  const { notifyDeliver } = proxyActivities<NotifyActivities>(
    onQueue('notification', {
      startToCloseTimeout: limits.delivery.startToCloseMs,
      heartbeatTimeout: limits.delivery.heartbeatMs,
      summary: channel,
    }),
  );
  for (;;) {
    const scope = new CancellationScope();
    waiting.add(scope);
    try {
      return await scope.run(() => notifyDeliver(event, channel));
    } catch (thrown) {
      if (!scope.consideredCancelled || CancellationScope.current().consideredCancelled) throw thrown;
    } finally {
      waiting.delete(scope);
    }
  }
}

/** `[['email', 2]]` → `{ emailed: 2 }`, with a zero for every other channel. */
function sentOn(counts: readonly (readonly [ExternalChannel, number])[]): NotifyResult['sent'] {
  const sent = Object.fromEntries(Object.values(sentCounts).map((name) => [name, 0]));
  // A channel that this version does not know (any more) is counted under its own name.
  for (const [channel, count] of counts) sent[(sentCounts[channel] as string | undefined) ?? channel] = count;
  return sent;
}

/** The result of an event that notifies no one. */
export const noOneNotified: Pick<NotifyResult, 'created' | 'sent'> = { created: 0, sent: sentOn([]) };

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
