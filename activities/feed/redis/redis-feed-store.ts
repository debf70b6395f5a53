import { randomUUID } from 'node:crypto';
import { type Redis } from 'ioredis';
import { RedisStoredFeeds } from '../../../feeds/redis-stored-feeds';
import { asRedisError } from '../../../runtime/redis';
import { type EffectMeter } from '../../effect-meter';
import { type FeedStore, type OpenPage } from '../feed-store';
import { type PlacedPost } from '../post-states';
import { addPost } from './lua/add-post';
import { fillFeed } from './lua/fill-feed';
import { markDead } from './lua/mark-dead';
import { removePosts } from './lua/remove-posts';
import { takeOutPost } from './lua/take-out-post';
import { openPagesKey, pullAuthorsKey, summaryKey, tombstoneKey, tombstoneSeconds } from './redis-keys';
import { boundKey, feedKey, markKey } from '../../../feeds/feed-keys';

/** A post no one fans out, edits or reads again for this long leaves the cache; readers load it from PostgreSQL. */
const summarySeconds = 30 * 24 * 3600;
/** Longer than any activity's retries in practice; then the note is of no use any more. */
const openPageSeconds = 7 * 24 * 3600;
/** Four in flight carry a third more than one; more only lengthens Redis's queue. */
const callsInFlight = 4;
/** Members one removing script may touch: some 10 ms of Redis's time. */
const removalsPerCall = 10_000;
/** Lua's unpack takes no more than some 8000. */
const membersPerRemoval = 1_000;

type Script = (keyCount: number, ...keysAndArgs: (string | number)[]) => Promise<number>;
const scripts = {
  novaAddPost: addPost,
  novaTakeOutPost: takeOutPost,
  novaFillFeed: fillFeed,
  novaRemovePosts: removePosts,
  novaMarkDead: markDead,
};

export interface RedisFeedStoreOptions {
  /** Posts kept per feed. */
  readonly cap: number;
  /** Feeds per script call. */
  readonly chunkSize: number;
  readonly meter?: Pick<EffectMeter, 'feeds'> | undefined;
}

/** Feeds as sorted sets. The scripts touch many keys, so it needs one Redis primary, not Redis Cluster. */
export class RedisFeedStore extends RedisStoredFeeds implements FeedStore {
  private readonly scripts: Record<keyof typeof scripts, Script>;

  constructor(
    redis: Redis,
    private readonly options: RedisFeedStoreOptions,
  ) {
    super(redis);
    for (const [name, lua] of Object.entries(scripts)) redis.defineCommand(name, { lua });
    this.scripts = redis as unknown as Record<keyof typeof scripts, Script>;
  }

  async add(post: PlacedPost, userIds: readonly string[]) {
    const { postId, scoreMs, sequence } = post;
    const notes: string[] = [];
    const replies = await inFlight(chunksOf(userIds, this.options.chunkSize), (chunk) => {
      const note = noted(notes);
      const feeds = chunk.flatMap((id) => [feedKey(id), boundKey(id), markKey(id)]);
      const keys = [tombstoneKey(postId), openPagesKey(postId), ...feeds];
      const args = [postId, scoreMs, sequence, this.options.cap, note, chunk.join(), openPageSeconds];
      return this.scripts.novaAddPost(keys.length, ...keys, ...args);
    });
    if (replies.includes(-1)) return { outcome: 'stopped' as const, notes };
    this.options.meter?.feeds('added', userIds.length);
    return { outcome: 'written' as const, notes };
  }

  async takeOut(postId: string, userIds: readonly string[]) {
    const notes: string[] = [];
    const counts = await inFlight(chunksOf(userIds, this.options.chunkSize), (chunk) => {
      const keys = [openPagesKey(postId), ...chunk.map(feedKey)];
      const args = [postId, noted(notes), chunk.join(), openPageSeconds];
      return this.scripts.novaTakeOutPost(keys.length, ...keys, ...args);
    });
    const removed = sum(counts);
    this.options.meter?.feeds('taken_out', removed);
    return { removed, notes };
  }

  async openPages(postId: string): Promise<readonly OpenPage[]> {
    const pages = await replied(this.redis.hgetall(openPagesKey(postId)));
    return Object.entries(pages).map(([note, users]) => ({ note, userIds: users.split(',') }));
  }

  async close(postId: string, notes: readonly string[]): Promise<void> {
    if (notes.length > 0) await replied(this.redis.hdel(openPagesKey(postId), ...notes));
  }

  async fill(userId: string, posts: readonly PlacedPost[]): Promise<void> {
    if (posts.length === 0) return;
    const args = posts.flatMap((post) => [post.scoreMs, post.postId]);
    const keys = [feedKey(userId), boundKey(userId), markKey(userId)];
    await replied(this.scripts.novaFillFeed(keys.length, ...keys, this.options.cap, ...args));
  }

  async remove(postIds: readonly string[], userIds: readonly string[]): Promise<number> {
    let removed = 0;
    for (const members of chunksOf(postIds, membersPerRemoval)) {
      const size = Math.max(1, Math.min(this.options.chunkSize, Math.floor(removalsPerCall / members.length)));
      const counts = await inFlight(chunksOf(userIds, size), (chunk) =>
        this.scripts.novaRemovePosts(chunk.length, ...chunk.map(feedKey), ...members),
      );
      removed += sum(counts);
    }
    return removed;
  }

  protected override reply<T>(reply: Promise<T>): Promise<T> {
    return replied(reply);
  }

  async drop(userId: string): Promise<void> {
    await replied(this.redis.unlink(feedKey(userId), boundKey(userId), markKey(userId)));
  }

  async markDead(postId: string, sequence: number, final: boolean): Promise<void> {
    await replied(this.scripts.novaMarkDead(1, tombstoneKey(postId), final ? 'final' : sequence, tombstoneSeconds));
  }

  async markLive(postId: string): Promise<void> {
    await replied(this.redis.unlink(tombstoneKey(postId)));
  }

  async cacheSummary(postId: string, summary: string): Promise<void> {
    await replied(this.redis.set(summaryKey(postId), summary, 'EX', summarySeconds));
  }

  async dropSummaries(postIds: readonly string[]): Promise<void> {
    if (postIds.length > 0) await replied(this.redis.unlink(...postIds.map(summaryKey)));
  }

  async addPullAuthor(authorId: string): Promise<void> {
    await replied(this.redis.sadd(pullAuthorsKey, authorId));
  }
}

/** A name for one write, added to the writer's notes. */
function noted(notes: string[]): string {
  const note = randomUUID();
  notes.push(note);
  return note;
}

function replied<T>(reply: Promise<T>): Promise<T> {
  return reply.catch((thrown: unknown) => Promise.reject(asRedisError(thrown) as Error));
}

/** Works through the chunks with a few calls in flight; waits for all that began before it fails. */
async function inFlight<T>(chunks: readonly T[][], call: (chunk: T[]) => Promise<number>): Promise<number[]> {
  const replies: number[] = [];
  for (const group of chunksOf(chunks, callsInFlight)) {
    const settled = await Promise.allSettled(group.map((chunk) => replied(call(chunk))));
    for (const result of settled) {
      if (result.status === 'rejected') throw result.reason as Error;
      replies.push(result.value);
    }
  }
  return replies;
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}

function chunksOf<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}
