import { type MediaDeps } from './deps';

/**
 * True when the post is deleted for good. Archived posts keep their media: they may be published again. Asked after a
 * link is written, so that a delete that came in between is seen here, or sees the link itself.
 */
export function postIsGone({ tombstones }: Pick<MediaDeps, 'tombstones'>, postId: string): Promise<boolean> {
  // A sequence later than any: only what voids later events too is counted.
  return tombstones.voids('post', postId, Number.MAX_SAFE_INTEGER);
}
