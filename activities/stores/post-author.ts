import { contentOf } from '../../contracts/consequences';
import { NovaError, failures } from '../../contracts/failures';
import { createdPost } from './created-post';
import { type PgAggregateHistory } from './pg-aggregate-history';
import { type PgContentOwners } from './pg-content-owners';
import { type PgEventStore } from './pg-event-store';

/**
 * Who wrote a post: from what is known of it, or from the outbox, where its creation may still wait for its turn. Undefined:
 * no such event has been committed.
 */
export async function postAuthor(
  deps: { readonly owners: PgContentOwners; readonly history: PgAggregateHistory; readonly events: PgEventStore },
  postId: string,
): Promise<string | undefined> {
  return (await deps.owners.ownerOf('post', postId))?.ownerId ?? (await authorInOutbox(deps, postId));
}

export async function authorInOutbox(
  deps: { readonly history: PgAggregateHistory; readonly events: PgEventStore },
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
