import { type PostState } from '../ports/post-states';
import { type FeedDeps } from './deps';

export interface SettledPage {
  /** The post as it was when the page was last looked at; undefined: the post is unknown. */
  readonly state: PostState | undefined;
  /** Feeds that have the post now. */
  readonly present: number;
  /** Places the post left. */
  readonly removed: number;
}

/** Truths that change this often during one page are no accident; the activity's retry goes on. */
const maxRounds = 20;

/**
 * Puts a post into a page of feeds, or takes it out, then looks at the truth again and corrects what came too late, until
 * the truth it sees is the truth it wrote (docs/decisions/0003-write-then-look.md).
 */
export async function settlePage(
  deps: Pick<FeedDeps, 'feeds' | 'posts' | 'followers'>,
  post: PostState,
  userIds: readonly string[],
  intent: 'add' | 'remove',
): Promise<SettledPage> {
  let toAdd = intent === 'add' ? userIds : [];
  let toRemove = intent === 'remove' ? userIds : [];
  let current: PostState = post;
  let present: ReadonlySet<string> = new Set(toAdd);
  let removed = 0;
  for (let round = 0; round < maxRounds; round++) {
    const wrote = toAdd.length === 0 ? 'written' : await deps.feeds.add(current, toAdd);
    if (toRemove.length > 0) removed += await deps.feeds.remove([post.postId], toRemove);

    const [state, following] = await Promise.all([
      deps.posts.find(post.postId),
      deps.followers.stillFollowing(post.authorId, userIds),
    ]);
    const belongs = state !== undefined && state.live && state.delivery === 'push';
    if (state !== undefined) current = state;
    if (belongs && wrote === 'stopped') {
      // Redis remembers a tombstone that PostgreSQL does not hold (any more): PostgreSQL is right.
      await deps.feeds.markLive(post.postId);
      present = new Set();
    }
    const written = present;
    toAdd = belongs ? userIds.filter((id) => following.has(id) && !written.has(id)) : [];
    toRemove = userIds.filter((id) => written.has(id) && !(belongs && following.has(id)));
    present = belongs ? following : new Set();
    if (toAdd.length === 0 && toRemove.length === 0) return { state, present: present.size, removed };
  }
  throw new Error(`post ${post.postId}: its status or followers changed ${maxRounds} times while one page was written`);
}
