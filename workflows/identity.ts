import { proxyActivities } from '@temporalio/workflow';
import type { IdentityResult } from '../activities/identity/identity-activities';
import type { NotifyActivities } from '../activities/notify/notify-activities';
import { type EventRef } from '../contracts/event-ref';
import { type WorkflowResult } from '../contracts/signals';
import { onQueue } from './activity-options';
import { emitToKafka } from './emit';
import { localThenLater } from './local-first';
import { settleAll } from './settle';

interface FeedPurge {
  feedPurgeAuthor(event: EventRef): Promise<{ removed: number }>;
}

/**
 * A user was created, changed or deleted: refreshes or hides them at once; after a hard delete also empties the feeds and
 * inboxes of what they left, which may take its time since readers see nothing of it any more.
 */
export async function identityWorkflow(event: EventRef): Promise<WorkflowResult> {
  const identity = await localThenLater<[EventRef], IdentityResult>(
    'identityApply',
    onQueue('identity', { summary: 'profile' }),
    event,
  );
  const purge = identity.done.then((result) => (result.erased ? purgeTraces(event) : { removed: 0, retracted: 0 }));
  await settleAll({ 'identity and purge': purge, 'kafka emit': emitToKafka(event) });
  return { outcome: 'done', counts: { ...(await purge) } };
}

async function purgeTraces(event: EventRef): Promise<{ removed: number; retracted: number }> {
  const feed = proxyActivities<FeedPurge>(
    onQueue('feed', { startToCloseTimeout: '1 hour', heartbeatTimeout: '30s', summary: 'purge feeds' }),
  );
  const notify = proxyActivities<NotifyActivities>(
    onQueue('notification', {
      startToCloseTimeout: '1 hour',
      heartbeatTimeout: '30s',
      summary: 'retract notifications',
    }),
  );
  const feeds = feed.feedPurgeAuthor(event);
  const inboxes = notify.notifyRetract(event);
  await settleAll({ feeds, inboxes });
  return { removed: (await feeds).removed, retracted: (await inboxes).retracted };
}
