import { type Check, at, fine, wrong } from './why';
import { type PostSeen, type Stone } from './why-post-facts';

/** The state of a post, and what forbids it. */
export function postChecks(post: PostSeen, stones: readonly Stone[]): Check[] {
  const { status, updatedAt, voided } = post;
  const its = stonesOf(stones, post);
  if (status === 'draft')
    return [
      wrong('post', `it is a draft: no one sees it`, 'content.post.status_updated with new_status published'),
      ...its,
    ];
  if (status === 'archived')
    return [
      wrong(
        'post',
        `it is archived since ${at(updatedAt)}: no one sees it`,
        'content.post.status_updated with new_status published',
      ),
      ...its,
    ];
  if (status === 'deleted') return [wrong('post', `it is deleted since ${at(updatedAt)}`, null), ...its];
  return voided ? its : [fine('post', 'it is published, and no tombstone forbids it'), ...its];
}

/** Tombstones that forbid the post now. A signalled delete alone holds back what is not in feeds yet. */
export function stonesOf(stones: readonly Stone[], post: PostSeen | null = null): Check[] {
  return stones.flatMap((stone): Check[] => {
    const of = stone.type === 'post' ? 'the post' : 'its author';
    if (stone.held)
      return [
        wrong(
          'tombstone',
          `a service has signalled the delete of ${of}: nothing new goes out until ${stone.heldUntil?.toISOString() ?? ''}`,
          'nothing: the delete comes, or the signal lapses then',
        ),
      ];
    const forbids =
      stone.final || (stone.type === 'post' && stone.sequence !== null && stone.sequence >= (post?.sequence ?? 0));
    if (!forbids) return [];
    return [
      wrong(
        'tombstone',
        `a tombstone of ${at(stone.createdAt)} forbids ${of}: ${stone.reason}${stone.final ? ', for good' : ''}`,
        stone.final ? null : 'content.post.status_updated with new_status published',
      ),
    ];
  });
}

export function authorCheck({ authorId, authorState }: PostSeen): Check {
  if (authorState === null || authorState === 'active') return fine('author', `its author ${authorId} is active`);
  return wrong('author', `its author ${authorId} is ${authorState}: readers leave their posts out`, null);
}
