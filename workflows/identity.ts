import { proxyActivities } from '@temporalio/workflow';
import type { FeedActivities } from '../activities/feed/create-feed-activities';
import type { NotifyActivities } from '../activities/notify/notify-activities';
import { type EventRef } from '../contracts/event-ref';
import { type WorkflowResult } from '../contracts/signals';
import { limits } from '../contracts/time-budgets';
import { onQueue } from './steps/activity-options';
import { emitToKafka } from './steps/emit-to-kafka';
import { localThenLater } from './steps/local-first';
import { settleAll } from './steps/settle';

interface Traces {
  /** Feed entries of their posts that were removed. */
  readonly removed: number;
  /** Links between their posts and media. */
  readonly unlinked: number;
  /** Notifications by them, about them and to them. */
  readonly retracted: number;
}

/** A worker of the version before returns `removed` only. */
type PurgedBefore = Pick<Traces, 'removed'> & Partial<Traces>;

/**
 * A user was created, changed or deleted: refreshes or hides them at once; after a hard delete also empties feeds, media
 * links and inboxes of what they left, which may take its time since readers see nothing of it any more. The event goes to
 * Kafka meanwhile: the purge needs nothing that a subscriber may remove on hearing of it.
 */
export async function identityWorkflow(event: EventRef): Promise<WorkflowResult> {
  const identity = await localThenLater('identityApply', onQueue('identity', { summary: 'profile' }), event);
  const nothing: Traces = { removed: 0, unlinked: 0, retracted: 0 };
  const purge = identity.done.then((result) => (result.erased ? purgeTraces(event) : nothing));
  await settleAll({ 'identity and purge': purge, 'kafka emit': emitToKafka(event) });
  return { outcome: 'done', counts: { ...(await purge) } };
}

async function purgeTraces(event: EventRef): Promise<Traces> {
  const feed = proxyActivities<FeedActivities>(
    onQueue('feed', {
      startToCloseTimeout: limits.purge.feedsMs,
      heartbeatTimeout: limits.purge.heartbeatMs,
      summary: 'purge feeds and media',
    }),
  );
  const notify = proxyActivities<NotifyActivities>(
    onQueue('notification', {
      startToCloseTimeout: limits.purge.noticesMs,
      heartbeatTimeout: limits.purge.heartbeatMs,
      summary: 'retract notifications',
    }),
  );
  const feeds = feed.feedPurgeAuthor(event);
  const inboxes = notify.notifyRetract(event);
  await settleAll({ feeds, inboxes });
  const { removed, unlinked = 0, retracted = 0 }: PurgedBefore = await feeds;
  return { removed, unlinked, retracted: retracted + (await inboxes).retracted };
}
