import { type Tombstones } from '../ports/tombstones';
import { type Notice } from './notice';

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
