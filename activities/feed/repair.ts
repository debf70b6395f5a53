import { setTimeout as sleep } from 'node:timers/promises';
import { CancelledFailure } from '@temporalio/common';
import { type RedisAuthorCache } from './redis/redis-author-cache';
import { type FeedStore } from './feed-store';
import { type SqlFeedTruth } from '../../feeds/sql-feed-truth';
import { type IdWalk } from './id-walk';
import { type PostStates } from './post-states';
import { type PgRepairSource } from './pg-repair-source';
import { type PgUserProfiles } from '../stores/pg-user-profiles';
import { refreshAuthor } from './refresh-author';
import { type Progress } from './progress';
import { rebuildFeed } from '../../feeds/rebuild';
import { leastUuid } from '../../runtime/uuid';
import { syncSummary } from './summary';

export interface RepairDeps {
  readonly feeds: FeedStore;
  readonly truth: SqlFeedTruth;
  readonly walk: IdWalk;
  readonly authors: Pick<RedisAuthorCache, 'hide'>;
  readonly source: PgRepairSource;
  readonly settings: { readonly feedCap: number };
  /** For who may read what people wrote and their names; absent: the caches stay as they are. */
  readonly caches?: CacheDeps | undefined;
}

export interface CacheDeps {
  readonly summaries: IdWalk;
  readonly posts: Pick<PostStates, 'find'>;
  readonly cachedAuthors: IdWalk;
  readonly profiles: PgUserProfiles;
  readonly authors: RedisAuthorCache;
}

/** The parts of a repair in their order: first what is small and guards readers. */
const parts = ['hidden', 'pull', 'authors', 'summaries', 'followers', 'strays'] as const;

/** How far a repair has come. */
export interface RepairPoint {
  readonly part: (typeof parts)[number];
  /** What of the part is done; null: nothing yet. */
  readonly after: string | null;
  /** Feeds written so far. */
  readonly feeds: number;
}

const pageSize = 500;

export interface RepairOptions {
  readonly progress?: Progress<RepairPoint>;
  /** Works half of its time at most, and leaves the rest to others. */
  readonly gently?: boolean;
  /** Leaves feeds alone that were rebuilt and confirmed since the last loss. */
  readonly onlyUnknown?: boolean;
}

/**
 * Compares everything in Redis with the tables and puts it right: who is hidden, whose posts readers merge, what is cached of
 * authors and posts, every feed. Feeds of people who follow no one are dropped. Safe beside running fan-outs and readers,
 * needs almost no memory.
 * @returns how many feeds were written
 */
export async function repairStore(deps: RepairDeps, options: RepairOptions = {}): Promise<{ feeds: number }> {
  const { progress, gently = false } = options;
  const before = progress?.resumeAt;
  let feeds = before?.feeds ?? 0;
  for (const part of parts.slice(before === undefined ? 0 : parts.indexOf(before.part))) {
    let after: string | null = before?.part === part ? before.after : null;
    do {
      if (progress?.cancelled() === true) throw new CancelledFailure('the repair was cancelled between two steps');
      const began = performance.now();
      const step = await steps[part](deps, after, options);
      after = step.next;
      feeds += step.feeds;
      progress?.report({ part, after, feeds });
      if (gently) await sleep(performance.now() - began);
    } while (after !== null);
  }
  return { feeds };
}

type Step = (
  deps: RepairDeps,
  after: string | null,
  options: RepairOptions,
) => Promise<{ next: string | null; feeds: number }>;

const steps: Record<(typeof parts)[number], Step> = {
  async hidden({ source, authors }, after) {
    const ids = await source.hiddenUsers(after ?? leastUuid, pageSize);
    await Promise.all(ids.map((userId) => authors.hide(userId)));
    return { next: ids.at(-1) ?? null, feeds: 0 };
  },
  async pull({ source, feeds }, after) {
    const ids = await source.pullAuthors(after ?? leastUuid, pageSize);
    await Promise.all(ids.map((authorId) => feeds.addPullAuthor(authorId)));
    return { next: ids.at(-1) ?? null, feeds: 0 };
  },
  async authors({ caches }, after, { progress }) {
    if (caches === undefined) return { next: null, feeds: 0 };
    const { ids, next } = await caches.cachedAuthors.page(after);
    for (const userId of ids) {
      // Of a user whom no event has named, the tables have nothing to compare with.
      if ((await caches.profiles.find(userId)) !== undefined) await refreshAuthor(caches, userId);
      progress?.alive();
    }
    return { next, feeds: 0 };
  },
  async summaries({ caches, feeds }, after, { progress }) {
    if (caches === undefined) return { next: null, feeds: 0 };
    const { ids, next } = await caches.summaries.page(after);
    for (const postId of ids) {
      const state = await caches.posts.find(postId);
      if (state === undefined) await feeds.dropSummaries([postId]);
      else await syncSummary({ posts: caches.posts, feeds }, state);
      progress?.alive();
    }
    return { next, feeds: 0 };
  },
  async followers(deps, after, { progress, onlyUnknown = false }) {
    const ids = await deps.source.followers(after ?? leastUuid, pageSize);
    let written = 0;
    for (const userId of ids) {
      if (!onlyUnknown || !(await deps.feeds.read(userId)).known) {
        await rebuildFeed(deps, userId);
        written += 1;
      }
      progress?.alive();
    }
    return { next: ids.at(-1) ?? null, feeds: written };
  },
  // A user who follows no one any more is no follower of the part before, and may have a feed all the same.
  async strays({ walk, source, feeds }, after) {
    const { ids, next } = await walk.page(after);
    const following = await source.following(ids);
    for (const userId of ids) if (!following.has(userId)) await feeds.drop(userId);
    return { next, feeds: 0 };
  },
};
