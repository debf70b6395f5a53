import { tombstoneOf } from '../../contracts/consequences';
import { type EventRef } from '../../contracts/event-ref';
import { guarded } from '../guard';
import { type UploadStatus } from './pg-media-store';
import { claimMedia } from './claim-media';
import { type MediaDeps } from './deps';
import { linkUpload, settleUpload } from './link-upload';
import { postIsGone } from './post-is-gone';

/** Activities that bring uploads and posts together. All are idempotent. */
export function createMediaActivities(deps: MediaDeps) {
  const { events, media } = deps;
  return guarded({
    /** For media.upload.completed: links the upload, or parks it. */
    async mediaLink(event: EventRef): Promise<UploadStatus> {
      return linkUpload(deps, await events.load<'media.upload.completed'>(event));
    },
    /** For media.upload.completed: what has become of a parked upload; `unclaimed` from the end of its window. */
    async mediaExpire(event: EventRef): Promise<UploadStatus> {
      return settleUpload(deps, await events.load<'media.upload.completed'>(event));
    },
    /** For content.post.created: links the uploads that are there, and remembers what the post waits for. */
    async mediaClaim(event: EventRef): Promise<{ linked: number }> {
      return { linked: await claimMedia(deps, await events.load<'content.post.created'>(event)) };
    },
    /** For a retraction, after the tombstone is set: takes its media from a post that is deleted for good. */
    async mediaUnlink(event: EventRef): Promise<{ unlinked: number }> {
      const gone = tombstoneOf(await events.load(event));
      if (gone?.subjectType !== 'post' || !(await postIsGone(deps, gone.subjectId))) return { unlinked: 0 };
      return { unlinked: await media.unlinkPost(gone.subjectId) };
    },
  });
}

export type MediaActivities = ReturnType<typeof createMediaActivities>;
