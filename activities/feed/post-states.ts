import { type Delivery } from '../../feeds/stored-feed';

/** A post as a feed knows it: enough to place it, not to show it. */
export interface PlacedPost {
  readonly postId: string;
  /** Feed score: created_at of the outbox row that created the post, epoch milliseconds. */
  readonly scoreMs: number;
  /** Of the newest event applied to the post's status. */
  readonly sequence: number;
}

export type PostStatus = 'draft' | 'published' | 'archived' | 'deleted';
/** Fields shown with a post in a feed. Content: for the table and the cache only, never for a log or a workflow. */
export type PostSummary = Readonly<Record<string, unknown>>;

export interface PostChange extends PlacedPost {
  readonly authorId: string;
  readonly status: PostStatus;
  /** Null until published for the first time; never changes afterwards. */
  readonly delivery: Delivery | null;
  readonly summary: PostSummary;
}

export interface PostState extends PostChange {
  /** A tombstone of the post or of its author forbids it. */
  readonly voided: boolean;
  /** Published and not voided: may be in feeds. */
  readonly live: boolean;
}

/**
 * The feed's own copy of every post, and the truth its writers look at again. Reads the primary copy only.
 *
 * A port: the table has them, and plain maps where every interleaving of writers is played (test/support/feed-world.ts).
 */
export interface PostStates {
  find(postId: string): Promise<PostState | undefined>;
  /** Creates the post, or applies what is newer than what is there, field by field. Returns the state now in force. */
  apply(change: PostChange): Promise<PostState>;
  /** Sets the status if `sequence` is newer; nothing revives a deleted post. Returns the state now in force; undefined: no such post. */
  setStatus(postId: string, status: PostStatus, sequence: number): Promise<PostState | undefined>;
  /** Sets the fields of `patch` that are newer. Returns the state now in force; undefined: no such post. */
  mergeSummary(postId: string, patch: PostSummary, sequence: number): Promise<PostState | undefined>;
  /** The author's newest live posts that are delivered by push, newest first. */
  newestLive(authorId: string, limit: number): Promise<readonly PlacedPost[]>;
  /** Those of the given posts that are live. */
  liveAmong(postIds: readonly string[]): Promise<ReadonlySet<string>>;
  /** Those of the given posts that this author wrote, whatever their status. */
  authoredBy(authorId: string, postIds: readonly string[]): Promise<readonly string[]>;
  /** Remembers that readers must merge this author's posts. */
  recordPullAuthor(authorId: string, followerCount: number): Promise<void>;
}

/** What the purge of an author needs: the posts as they were before the author's tombstone. A port, as PostStates is. */
export interface AuthorPosts {
  /** The author's posts that were ever pushed, whatever became of them since: a page in order of id, after `after`. */
  pushed(authorId: string, after: string, limit: number): Promise<readonly string[]>;
  /** Some posts of the author not yet marked deleted. */
  undeleted(authorId: string, limit: number): Promise<readonly string[]>;
  /**
   * Marks posts as deleted without return, empties their summaries and sets their tombstones. Their sequences stay: what deletes
   * them is an event of another service.
   */
  markDeleted(postIds: readonly string[], reason: string): Promise<void>;
}
