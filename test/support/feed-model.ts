import { NovaError } from '../../contracts/failures';
import { inFeedOrder } from '../../feeds/read-feed';
import { type FeedStore, type OpenPage } from '../../activities/feed/feed-store';
import { type FeedEntry, type StoredFeed } from '../../feeds/stored-feed';
import { type PlacedPost } from '../../activities/feed/post-states';

/**
 * The feed store said plainly, without Redis: what the scripts must do. The property test of the real store holds the two
 * together; the interleaving test uses this one, since its steps can be put in any order.
 */
export class FeedModel implements FeedStore {
  readonly feeds = new Map<string, Map<string, number>>();
  readonly bounds = new Map<string, number>();
  private readonly marks = new Map<string, string>();
  readonly summaries = new Map<string, string>();
  readonly dead = new Map<string, number>();
  readonly open = new Map<string, Map<string, readonly string[]>>();
  private readonly purging = new Map<string, Set<string>>();
  private writes = 0;

  constructor(private readonly cap: number) {}

  async add(post: PlacedPost, userIds: readonly string[]) {
    if ((this.dead.get(post.postId) ?? -1) >= post.sequence) return { outcome: 'stopped' as const, notes: [] };
    const notes = this.note(post.postId, userIds);
    for (const userId of userIds) this.put(userId, [post]);
    return { outcome: 'written' as const, notes };
  }

  async takeOut(postId: string, userIds: readonly string[]) {
    const notes = this.note(postId, userIds);
    return { removed: this.takeAway([postId], userIds), notes };
  }

  async openPages(postId: string): Promise<OpenPage[]> {
    return [...(this.open.get(postId) ?? [])].map(([note, userIds]) => ({ note, userIds }));
  }

  async close(postId: string, notes: readonly string[]): Promise<void> {
    for (const note of notes) this.open.get(postId)?.delete(note);
  }

  async fill(userId: string, posts: readonly PlacedPost[]): Promise<void> {
    this.put(userId, posts);
  }

  async remove(postIds: readonly string[], userIds: readonly string[]): Promise<number> {
    return this.takeAway(postIds, userIds);
  }

  async replace(userId: string, feed: { entries: readonly FeedEntry[]; bound: number }): Promise<string> {
    this.feeds.set(userId, new Map(feed.entries.map((entry) => [entry.postId, entry.scoreMs])));
    this.bounds.set(userId, feed.bound);
    const write = `write-${++this.writes}`;
    this.marks.set(userId, write);
    return write;
  }

  async confirm(userId: string, write: string): Promise<boolean> {
    if (this.marks.get(userId) !== write) return false;
    this.marks.set(userId, 'known');
    return true;
  }

  async read(userId: string): Promise<StoredFeed> {
    const entries = [...(this.feeds.get(userId) ?? [])].map(([postId, scoreMs]) => ({ postId, scoreMs }));
    const bound = this.bounds.get(userId) ?? null;
    const known = entries.length > 0 && bound !== null && this.marks.get(userId) === 'known';
    return { entries: entries.sort(inFeedOrder), bound, known };
  }

  async drop(userId: string): Promise<void> {
    this.feeds.delete(userId);
    this.bounds.delete(userId);
    this.marks.delete(userId);
  }

  async markDead(postId: string, sequence: number, final: boolean): Promise<void> {
    this.dead.set(postId, Math.max(this.dead.get(postId) ?? -1, final ? Infinity : sequence));
  }

  async markLive(postId: string): Promise<void> {
    this.dead.delete(postId);
  }

  async cacheSummary(postId: string, summary: string): Promise<void> {
    this.summaries.set(postId, summary);
  }

  async dropSummaries(postIds: readonly string[]): Promise<void> {
    for (const postId of postIds) this.summaries.delete(postId);
  }

  /** One feed a page, so that anything may happen between two. */
  walk(from: string | null) {
    const users = [...this.feeds.keys()].sort().filter((id) => from === null || id > from);
    return { ids: users.slice(0, 1), next: users.length > 1 ? (users[0] ?? null) : null };
  }

  readonly purge = {
    list: (authorId: string, postIds: readonly string[]): void => {
      this.purging.set(authorId, new Set([...(this.purging.get(authorId) ?? []), ...postIds]));
      for (const postId of postIds) this.dead.set(postId, Infinity);
    },
    takeOut: (authorId: string, userIds: readonly string[]): number => {
      const list = this.purging.get(authorId);
      if (list === undefined) throw new NovaError('REDIS_UNAVAILABLE', 'the list is gone');
      return this.takeAway([...list], userIds);
    },
    end: (authorId: string): void => void this.purging.delete(authorId),
  };

  async addPullAuthor(): Promise<void> {
    // Readers' list only.
  }

  private takeAway(postIds: readonly string[], userIds: readonly string[]): number {
    return userIds.flatMap((userId) => postIds.filter((id) => this.feeds.get(userId)?.delete(id))).length;
  }

  /** Each write has a note of its own: closing one must not close another's of the same page. */
  private note(postId: string, userIds: readonly string[]): string[] {
    const note = `write-${++this.writes}`;
    this.open.set(postId, (this.open.get(postId) ?? new Map<string, readonly string[]>()).set(note, userIds));
    return [note];
  }

  private put(userId: string, posts: readonly PlacedPost[]): void {
    const feed = this.feeds.get(userId) ?? new Map<string, number>();
    this.feeds.set(userId, feed);
    const bound = this.bounds.get(userId) ?? -1;
    const before = feed.size;
    for (const post of posts) {
      if (post.scoreMs > bound && !feed.has(post.postId)) feed.set(post.postId, post.scoreMs);
    }
    if (before === 0 && feed.size > 0) this.marks.delete(userId);
    while (feed.size > this.cap) {
      const lowest = Math.min(...feed.values());
      for (const [postId, score] of feed) if (score === lowest) feed.delete(postId);
      this.bounds.set(userId, lowest);
    }
  }
}
