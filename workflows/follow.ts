import type { FollowOutcome } from '../activities/feed/follow';
import { type EventRef } from '../contracts/event-ref';
import { type WorkflowResult } from '../contracts/signals';
import { onQueue } from './activity-options';
import { emitToKafka } from './emit';
import { localThenLater } from './local-first';
import { beginNotify } from './notify';
import { settleAll } from './settle';

/** A follow began or ended: the follower's feed is brought in line with it, and of a new one the followee is told. */
export async function followWorkflow(event: EventRef): Promise<WorkflowResult> {
  const feed = await localThenLater<[EventRef], FollowOutcome>(
    'feedFollow',
    onQueue('feed', { summary: 'fill or clear the feed' }),
    event,
  );
  const notifying = event.eventType === 'follow.added' ? await beginNotify(event) : undefined;
  const told = notifying?.done ?? Promise.resolve({ created: 0, emailed: 0 });
  await settleAll({ feed: feed.done, notify: told, 'kafka emit': emitToKafka(event) });
  const { created, emailed } = await told;
  return { outcome: 'done', counts: { notified: created, emailed } };
}
