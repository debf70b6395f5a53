import { type PayloadOf } from '../../contracts/catalogue';
import { type EventRecord, type EventRef } from '../../contracts/event-ref';
import { createdPost } from '../stores/created-post';
import { type PostState } from './post-states';
import { type Delivery } from '../../feeds/stored-feed';
import { type FeedDeps } from './deps';
import { summaryOf } from './summary';

type Deps = Pick<FeedDeps, 'events' | 'history' | 'followers' | 'posts' | 'tombstones' | 'settings'>;

/** Records what `content.post.created` says. Its delivery is decided before the post can be seen as published. */
export async function recordCreation(
  deps: Deps,
  event: EventRecord<PayloadOf<'content.post.created'>>,
): Promise<PostState> {
  const { post_id: postId, user_id: authorId, status } = event.payload;
  const recorded = await deps.posts.apply({
    postId,
    authorId,
    status,
    delivery: status === 'published' ? await deliveryOf(deps, authorId) : null,
    scoreMs: event.createdAtMs,
    sequence: event.sequence,
    summary: summaryOf(event.payload),
  });
  return forgetIfErased(deps, recorded);
}

/** Records that a status event published the post. */
export async function recordPublishedStatus(
  deps: Deps,
  event: EventRecord<PayloadOf<'content.post.status_updated'>>,
): Promise<PostState> {
  const { post_id: postId, user_id: userId } = event.payload;
  const known = await knownPost(deps, event, postId);
  const authorId = known?.authorId ?? userId;
  return deps.posts.apply({
    postId,
    authorId,
    status: 'published',
    delivery: known?.delivery ?? (await deliveryOf(deps, authorId)),
    // A post without a creating event is as old as its first event here.
    scoreMs: known?.scoreMs ?? event.createdAtMs,
    sequence: event.sequence,
    summary: {},
  });
}

/**
 * What was just written of a post whose author was erased is forgotten again: the purge marks the posts that it finds, and one
 * whose event runs after it, or beside it, would keep its caption. The look comes after the write, so one of the two sees the other.
 */
export async function forgetIfErased(deps: Pick<Deps, 'posts' | 'tombstones'>, state: PostState): Promise<PostState> {
  const known = await deps.tombstones.states([{ type: 'user', id: state.authorId }]);
  if (!known.some(({ final }) => final)) return state;
  await deps.posts.markDeleted([state.postId], 'author deleted');
  return { ...state, status: 'deleted', summary: {}, voided: true, live: false };
}

/**
 * The post, also when a later event runs before its creation: that is found in the outbox, where it was committed first,
 * and recorded here and now, so that nothing has to wait for its workflow.
 */
export async function knownPost(deps: Deps, event: EventRef, postId: string): Promise<PostState | undefined> {
  const known = await deps.posts.find(postId);
  if (known !== undefined) return known;
  const created = await createdPost(deps, event, postId);
  return created === undefined ? undefined : recordCreation(deps, created);
}

/** Pull is remembered before any post says so: a reader must not miss an author it should merge. */
async function deliveryOf(deps: Deps, authorId: string): Promise<Delivery> {
  const threshold = deps.settings.feedPullThreshold;
  const count = await deps.followers.countUpTo(authorId, threshold + 1);
  if (count <= threshold) return 'push';
  await deps.posts.recordPullAuthor(authorId, count);
  return 'pull';
}
