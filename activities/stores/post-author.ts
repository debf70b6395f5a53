import { contentOf } from '../../contracts/consequences';
import { NovaError, failures } from '../../contracts/failures';
import { createdPost } from './created-post';
import { type AggregateHistory } from './aggregate-history';
import { type ContentOwners } from './content-owners';
import { type EventStore } from './event-store';

/**
 * Who wrote a post: from what is known of it, or from the outbox, where its creation may still wait for its turn. Undefined:
 * no such event has been committed.
 */
export async function postAuthor(
  deps: { readonly owners: ContentOwners; readonly history: AggregateHistory; readonly events: EventStore },
  postId: string,
): Promise<string | undefined> {
  return (await deps.owners.ownerOf('post', postId))?.ownerId ?? (await authorInOutbox(deps, postId));
}

export async function authorInOutbox(
  deps: { readonly history: AggregateHistory; readonly events: EventStore },
  postId: string,
): Promise<string | undefined> {
  try {
    const created = await createdPost(deps, { aggregateId: postId, sequence: Number.MAX_SAFE_INTEGER }, postId);
    return created && contentOf(created)?.ownerId;
  } catch (thrown) {
    // A row that says nothing valid is the bridge's to refuse; it is no fault of the event that points to it.
    if (thrown instanceof NovaError && failures[thrown.code].cause === 'row') return undefined;
    throw thrown;
  }
}
