import { type ContentOwner } from '../ports/content-owners';
import { type Tombstones } from '../ports/tombstones';
import { type NotifyDeps } from './deps';
import { type Notice } from './notice';

/** The owner of what the event points to, from the event itself or from what earlier events told. */
export async function ownerOf(
  { owners }: Pick<NotifyDeps, 'owners'>,
  { owner }: Notice,
): Promise<Partial<ContentOwner>> {
  if (owner === undefined) return {};
  // A comment is looked up even when its owner is named: its post is what a delete will name.
  if (owner.ownerId !== undefined && owner.contentType !== 'comment') return { ownerId: owner.ownerId };
  const known = await owners.ownerOf(owner.contentType, owner.contentId);
  return { ...known, ...(owner.ownerId === undefined ? {} : { ownerId: owner.ownerId }) };
}

/** True when what the notice is about, or who caused it, was deleted by now. */
export async function isVoided(
  tombstones: Tombstones,
  notice: Notice,
  sequence: number,
  postId: string | undefined,
): Promise<boolean> {
  for (const { type, id } of notice.voidedBy) if (await tombstones.voids(type, id, sequence)) return true;
  return postId !== undefined && (await tombstones.voids('post', postId, sequence));
}
