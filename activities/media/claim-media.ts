import { type PayloadOf } from '../../contracts/catalogue';
import { type EventRecord } from '../../contracts/event-ref';
import { codeOf, oneLine } from '../../runtime/errors';
import { faultPoint } from '../../runtime/fault-points';
import { sayRepeated } from '../../runtime/repeated-failures';
import { type MediaClaim, type Upload } from './pg-media-store';
import { type MediaDeps } from './deps';
import { postIsGone } from './post-is-gone';

type PostEvent = EventRecord<PayloadOf<'content.post.created'>>;

/**
 * Records which media the post has, then links those that are there and those that name the post; the others find the record
 * when they come. A post with media that names none claims what its author uploaded in the window before it. Returns the post's
 * links.
 */
export async function claimMedia(deps: MediaDeps, event: PostEvent): Promise<number> {
  const { media } = deps;
  const { post_id: postId, user_id: userId, media_ids: mediaIds = [], media_type: mediaType } = event.payload;
  const claim: MediaClaim = { postId, userId, eventId: event.eventId };
  const claimsUnnamed = mediaIds.length === 0 && mediaType !== 'none';
  if (mediaIds.length > 0) await media.recordNamed(claim, mediaIds);
  if (claimsUnnamed) await media.recordUnnamed(claim, event.createdAt);
  await faultPoint('media.claim-recorded');
  await linkNamed(deps, claim, mediaIds);
  if (claimsUnnamed) await media.linkUnnamed(claim);
  await faultPoint('media.claim-linked');
  if (await postIsGone(deps, postId, userId)) await media.unlinkPost(postId);
  await faultPoint('media.claim-kept');
  // Whatever the post has, and not what this attempt linked: an earlier one may have ended between its link and its signal.
  await signalUploads(deps, claim, await media.uploadsLinkedTo(postId));
  return media.countLinks(postId);
}

/** Links what the post names, and what names the post. */
async function linkNamed({ media }: MediaDeps, claim: MediaClaim, mediaIds: readonly string[]): Promise<void> {
  const named = mediaIds.length > 0 ? await media.uploadsNamedBy(claim.postId, mediaIds) : [];
  const uploads = [...named, ...(await media.uploadsFor(claim))];
  for (const { mediaId } of uploads) await media.linkNamed(mediaId, claim);
}

/** Best effort: PostgreSQL has the links, and the upload's workflow looks there when its window ends. */
async function signalUploads(
  deps: MediaDeps,
  { postId, userId }: MediaClaim,
  linked: readonly Upload[],
): Promise<void> {
  if (linked.length === 0) return;
  const signalled = await Promise.allSettled([
    deps.pending.remove(
      userId,
      linked.map(({ mediaId }) => mediaId),
    ),
    ...linked.map(({ eventId, mediaId }) => deps.uploads.mediaClaimed(eventId, { postId, mediaId })),
  ]);
  for (const result of signalled) if (result.status === 'rejected') sayNotSignalled(deps, postId, result.reason);
}

function sayNotSignalled({ logger }: MediaDeps, postId: string, reason: unknown): void {
  const message = 'media: upload not signalled';
  const fields = { post_id: postId, error: oneLine(reason) };
  sayRepeated(logger, { key: `${message} ${codeOf(reason)}`, level: 'warn', fields, message });
}
