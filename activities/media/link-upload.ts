import { type PayloadOf } from '../../contracts/catalogue';
import { type EventRecord } from '../../contracts/event-ref';
import { codeOf, oneLine } from '../../runtime/errors';
import { faultPoint } from '../../runtime/fault-points';
import { sayRepeated } from '../../runtime/repeated-failures';
import { type Upload, type UploadStatus } from './pg-media-store';
import { type MediaDeps } from './deps';
import { postIsGone, userIsGone } from './post-is-gone';

type UploadEvent = EventRecord<PayloadOf<'media.upload.completed'>>;

/**
 * Records the upload, then links it to the post it names, or to the posts that asked for it; else leaves it parked, and
 * the post finds it. Recorded first, looked for second: of two sides that run at once, one sees the other.
 */
export async function linkUpload(deps: MediaDeps, event: UploadEvent): Promise<UploadStatus> {
  const { media, settings } = deps;
  const { media_id: mediaId, user_id: userId } = event.payload;
  await media.recordUpload(uploadOf(event), settings.mediaClaimWindowMs);
  await faultPoint('media.upload-recorded');
  await linkToNamed(deps, event);
  await linkToClaims(deps, mediaId);
  if (await userIsGone(deps, userId)) await media.giveUp(mediaId);
  await faultPoint('media.upload-settled');
  const status = await media.status(mediaId);
  await updatePendingSet(deps, event, status);
  return status;
}

/** At the end of the window, or after the signal of a claim: what has become of the upload? Gives it up if nothing has. */
export async function settleUpload(deps: MediaDeps, event: UploadEvent): Promise<UploadStatus> {
  const { media } = deps;
  // Its post may have come without claiming any media.
  await linkToNamed(deps, event);
  await media.expire(event.payload.media_id);
  await faultPoint('media.expired');
  const status = await media.status(event.payload.media_id);
  await updatePendingSet(deps, event, status);
  return status;
}

/**
 * Links the upload to the post it names, which must be of the same user. While no event has said who wrote it, it waits: the
 * post's own event looks for it. It is for no other post, unless that one names it.
 */
async function linkToNamed(deps: MediaDeps, { eventId, payload }: UploadEvent): Promise<void> {
  const { media, logger } = deps;
  const { post_id: postId, media_id: mediaId, user_id: userId } = payload;
  if (postId === undefined) return;
  const post = await deps.owners.ownerOf('post', postId);
  if (post === undefined) return;
  if (post.ownerId !== userId) {
    logger.warn(
      { event_id: eventId, media_id: mediaId, post_id: postId },
      'media: upload names the post of another user',
    );
    return media.refuse(mediaId, eventId);
  }
  await media.linkNamed(mediaId, { postId, userId, eventId });
  await faultPoint('media.upload-linked');
  if (await postIsGone(deps, postId)) await media.unlinkPost(postId);
}

async function linkToClaims(deps: MediaDeps, mediaId: string): Promise<void> {
  const { media } = deps;
  const named = await media.claimsNaming(mediaId);
  for (const claim of named) {
    await media.linkNamed(mediaId, claim);
    if (await postIsGone(deps, claim.postId, claim.userId)) await media.unlinkPost(claim.postId);
  }
  if (named.length > 0) return;
  const claim = await media.firstUnnamedClaim(mediaId);
  if (claim === undefined) return;
  await media.linkUnnamed(claim, mediaId);
  if (await postIsGone(deps, claim.postId, claim.userId)) await media.unlinkPost(claim.postId);
}

/** The set is a convenience for older readers: an outage of Redis must not hold up a link. */
async function updatePendingSet(
  { pending, logger }: MediaDeps,
  event: UploadEvent,
  status: UploadStatus,
): Promise<void> {
  const { user_id: userId, media_id: mediaId } = event.payload;
  try {
    if (status.state === 'parked' && status.waitMs > 0) await pending.add(userId, mediaId, status.waitMs);
    else await pending.remove(userId, [mediaId]);
  } catch (thrown) {
    const message = 'media: pending set not updated';
    const fields = { event_id: event.eventId, error: oneLine(thrown) };
    sayRepeated(logger, { key: `${message} ${codeOf(thrown)}`, level: 'warn', fields, message });
  }
}

function uploadOf({ eventId, createdAt, payload }: UploadEvent): Upload {
  const { media_id: mediaId, upload_id: uploadId, user_id: userId, post_id: postId } = payload;
  return { mediaId, uploadId, userId, eventId, uploadedAt: createdAt, postId };
}
