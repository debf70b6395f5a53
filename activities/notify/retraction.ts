import { Context } from '@temporalio/activity';
import { type EventType, type PayloadOf } from '../../contracts/catalogue';
import { type EventRecord, type EventRef } from '../../contracts/event-ref';
import { faultPoint } from '../../runtime/fault-points';
import { type Retraction } from './notification-store';
import { type Tombstone } from '../stores/tombstones';
import { type NotifyDeps } from './deps';
import { followId, reactionId } from './relation-id';

/** What a deleting event takes back, and the tombstone that keeps latecomers out. */
export interface RetractionPlan {
  readonly tombstone: Tombstone;
  readonly retraction: Retraction;
}

type Rules = { readonly [T in EventType]?: (payload: PayloadOf<T>, event: EventRef) => RetractionPlan | undefined };

const rules: Rules = {
  'content.post.deleted': (post, { sequence }) => ofPost(post.post_id, sequence, true, 'post deleted'),
  'content.post.status_updated': (post, { sequence }) => {
    if (post.new_status === 'published') return undefined;
    return ofPost(post.post_id, sequence, post.new_status === 'deleted', `post ${post.new_status}`);
  },
  'message.deleted': (message, { sequence }) => ({
    tombstone: {
      subjectType: 'message',
      subjectId: message.message_id,
      sequence,
      final: true,
      reason: 'message deleted',
    },
    retraction: { by: 'subject', subject: { type: 'message', id: message.message_id } },
  }),
  'reaction.removed': (reaction, { sequence }) => ({
    tombstone: {
      subjectType: 'reaction',
      subjectId: reactionId(reaction),
      sequence,
      final: false,
      reason: 'reaction removed',
    },
    retraction: { by: 'reaction', reactionId: reactionId(reaction), beforeSequence: sequence },
  }),
  'follow.removed': (follow, { sequence }) => ({
    tombstone: {
      subjectType: 'follow',
      subjectId: followId(follow),
      sequence,
      final: false,
      reason: 'follow ended',
    },
    retraction: {
      by: 'follow',
      followerId: follow.follower_id,
      followeeId: follow.followee_id,
      beforeSequence: sequence,
    },
  }),
  'identity.user.deleted': (user, { sequence }) => {
    // Of a soft delete nothing is taken back: readers and senders hide it while the user is hidden.
    if (user.soft_delete) return undefined;
    return {
      tombstone: { subjectType: 'user', subjectId: user.user_id, sequence, final: true, reason: 'user deleted' },
      retraction: { by: 'actor', actorId: user.user_id },
    };
  },
};

function ofPost(postId: string, sequence: number, final: boolean, reason: string): RetractionPlan {
  return {
    tombstone: { subjectType: 'post', subjectId: postId, sequence, final, reason },
    retraction: {
      by: 'subject',
      subject: { type: 'post', id: postId },
      beforeSequence: final ? undefined : sequence,
    },
  };
}

/** What the event takes back; undefined: nothing. */
export function retractionOf(event: EventRecord): RetractionPlan | undefined {
  const rule = rules[event.eventType] as
    ((payload: unknown, event: EventRef) => RetractionPlan | undefined) | undefined;
  return rule?.(event.payload, event);
}

/** Rows per statement: short enough that an inbox never waits for it. */
const batch = 2_000;

/** Sets the tombstone, then takes back the notifications and gives up their pending deliveries. */
export async function retract(deps: NotifyDeps, event: EventRef): Promise<{ retracted: number }> {
  const plan = retractionOf(await deps.events.load(event));
  if (plan === undefined) return { retracted: 0 };
  await deps.tombstones.set(plan.tombstone);
  await faultPoint('notify.tombstone-set');
  let retracted = 0;
  for (;;) {
    const { count, more } = await deps.store.retract(plan.retraction, batch);
    retracted += count;
    await faultPoint('notify.batch-retracted');
    if (!more) return { retracted };
    Context.current().heartbeat();
  }
}
