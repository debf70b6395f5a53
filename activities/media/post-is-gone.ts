import { type MediaDeps } from './deps';

/**
 * True when the post, or its author, is deleted for good. Archived posts keep their media: they may be published again.
 * Asked after a link is written, so that a delete that came in between is seen here, or sees the link itself.
 */
export async function postIsGone(
  deps: Pick<MediaDeps, 'tombstones'>,
  postId: string,
  authorId?: string,
): Promise<boolean> {
  if (await deps.tombstones.isFinal('post', postId)) return true;
  return authorId !== undefined && userIsGone(deps, authorId);
}

/** True when the user is deleted for good. */
export function userIsGone({ tombstones }: Pick<MediaDeps, 'tombstones'>, userId: string): Promise<boolean> {
  return tombstones.isFinal('user', userId);
}
