import { type PayloadOf } from '../../contracts/catalogue';
import { type EventRecord } from '../../contracts/event-ref';
import { createdPost } from './created-post';
import { type AggregateHistory } from './aggregate-history';
import { type EventStore } from './event-store';

/** Who is mentioned in a post that was written as a draft. */
export interface DraftMentions {
  readonly authorId: string;
  readonly userIds: readonly string[];
}

/**
 * The people whom a draft mentions, when this event is the first that publishes it: its creation notified none of them, and a
 * later publication, after an archive, is no news. Both are asked of the outbox, where they were committed before, so the
 * order in which the events run does not matter. Undefined when there is no one to notify, or the creation is long gone.
 * @throws NovaError what `EventStore.load` throws
 */
export async function draftMentions(
  deps: { readonly history: AggregateHistory; readonly events: EventStore },
  publication: EventRecord<PayloadOf<'content.post.status_updated'>>,
): Promise<DraftMentions | undefined> {
  const { new_status: status, post_id: postId } = publication.payload;
  if (status !== 'published') return undefined;
  const created = await createdPost(deps, publication, postId);
  const userIds = created?.payload.mentioned_user_ids ?? [];
  if (created?.payload.status !== 'draft' || userIds.length === 0) return undefined;
  const first = await deps.history.firstPublication(publication);
  return first === publication.eventId ? { authorId: created.payload.user_id, userIds } : undefined;
}
