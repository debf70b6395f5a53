import { faultPoint } from '../../runtime/fault-points';
import { type PostState } from './post-states';
import { type FeedDeps } from './deps';

export interface SettledPage {
  /** The post as it was when the page was last looked at; undefined: the post is unknown. */
  readonly state: PostState | undefined;
  /** Feeds that have the post now. */
  readonly present: number;
  /** Places the post left. */
  readonly removed: number;
}

type SettleDeps = Pick<FeedDeps, 'feeds' | 'posts' | 'followers'>;

const none: ReadonlySet<string> = new Set();

/** When the truth changes more often than this during one page, something is wrong; the activity's retry goes on. */
const maxRounds = 20;

/**
 * Puts a post into a page of feeds, or takes it out, or (`truth`) does what is right, then looks at the truth again and
 * corrects what came too late, until the truth it sees is the truth it wrote (docs/decisions/0003-write-then-look.md).
 */
export async function settlePage(
  deps: SettleDeps,
  post: PostState,
  userIds: readonly string[],
  intent: 'add' | 'remove' | 'truth',
  /** Notes of earlier writers of this page, closed with our own. */
  notesBefore: readonly string[] = [],
): Promise<SettledPage> {
  const notes = [...notesBefore];
  let current: PostState = post;
  let present: ReadonlySet<string> = new Set();
  let removed = 0;

  /** Writes and returns whether Redis refused to add. */
  const write = async (toAdd: readonly string[], toRemove: readonly string[]): Promise<boolean> => {
    let refused = false;
    if (toAdd.length > 0) {
      const added = await deps.feeds.add(current, toAdd);
      refused = added.outcome === 'stopped';
      notes.push(...added.notes);
    }
    if (toRemove.length > 0) {
      const taken = await deps.feeds.takeOut(post.postId, toRemove);
      removed += taken.removed;
      notes.push(...taken.notes);
    }
    return refused;
  };

  let refused = await write(intent === 'add' ? userIds : [], intent === 'remove' ? userIds : []);
  await faultPoint('feed.page-written');
  if (intent === 'add') present = new Set(userIds);
  // What is there is unknown for `truth`: everything is written once, one way or the other.
  let unknown = intent === 'truth';
  for (let round = 0; round < maxRounds; round++) {
    const [state, following] = await Promise.all([
      deps.posts.find(post.postId),
      deps.followers.stillFollowing(post.authorId, userIds),
    ]);
    if (state !== undefined) current = state;
    const belongs = state !== undefined && state.live && state.delivery === 'push';
    const wanted = belongs ? following : none;
    if (belongs && refused) {
      // Redis remembers a tombstone that PostgreSQL does not hold (any more): PostgreSQL is right.
      await deps.feeds.markLive(post.postId);
      present = none;
    }
    const known = present;
    const toAdd = userIds.filter((id) => wanted.has(id) && !known.has(id));
    const toRemove = userIds.filter((id) => !wanted.has(id) && (unknown || known.has(id)));
    if (toAdd.length === 0 && toRemove.length === 0) {
      await faultPoint('feed.page-right');
      await deps.feeds.close(post.postId, notes);
      return { state, present: wanted.size, removed };
    }
    refused = await write(toAdd, toRemove);
    present = wanted;
    unknown = false;
  }
  throw new Error(`post ${post.postId}: its status or followers changed ${maxRounds} times while one page was written`);
}

/**
 * Settles what a writer of this post left behind when it died between its write and its look. Only then can a page be
 * wrong for good: its followers may have changed so that no later page contains them.
 */
export async function settleOpenPages(deps: SettleDeps, post: PostState): Promise<void> {
  for (const { note, userIds } of await deps.feeds.openPages(post.postId)) {
    await settlePage(deps, post, userIds, 'truth', [note]);
  }
}
