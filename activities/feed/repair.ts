import { setTimeout as sleep } from 'node:timers/promises';
import { CancelledFailure } from '@temporalio/common';
import { type AuthorCache } from '../ports/author-cache';
import { type FeedStore } from '../ports/feed-store';
import { type FeedTruth } from '../ports/feed-truth';
import { type FeedWalk } from '../ports/feed-walk';
import { type RepairSource } from '../ports/repair-source';
import { type Progress } from './progress';
import { rebuildFeed } from './rebuild';

export interface RepairDeps {
  readonly feeds: FeedStore;
  readonly truth: FeedTruth;
  readonly walk: FeedWalk;
  readonly authors: Pick<AuthorCache, 'hide'>;
  readonly source: RepairSource;
  readonly settings: { readonly feedCap: number };
}

/** The parts of a repair in their order: first what is small and guards readers. */
const parts = ['hidden', 'pull', 'followers', 'strays'] as const;

/** How far a repair has come. */
export interface RepairPoint {
  readonly part: (typeof parts)[number];
  /** What of the part is done; null: nothing yet. */
  readonly after: string | null;
  /** Feeds written so far. */
  readonly feeds: number;
}

const pageSize = 500;
const firstUuid = '00000000-0000-0000-0000-000000000000';

/**
 * Compares everything in Redis with the tables and puts it right: who is hidden, whose posts readers merge, every feed.
 * Feeds of people who follow nobody are dropped. Safe beside running fan-outs and readers, needs no memory to speak of.
 * With `gently` it works half of its time at most, and leaves the rest to others.
 * @returns how many feeds were written
 */
export async function repairStore(
  deps: RepairDeps,
  { progress, gently = false }: { progress?: Progress<RepairPoint>; gently?: boolean } = {},
): Promise<{ feeds: number }> {
  const before = progress?.resumeAt;
  let feeds = before?.feeds ?? 0;
  for (const part of parts.slice(before === undefined ? 0 : parts.indexOf(before.part))) {
    let after: string | null = before?.part === part ? before.after : null;
    do {
      if (progress?.cancelled() === true) throw new CancelledFailure('the repair was cancelled between two steps');
      const began = performance.now();
      const step = await steps[part](deps, after, progress);
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
  progress?: Progress<RepairPoint>,
) => Promise<{ next: string | null; feeds: number }>;

const steps: Record<(typeof parts)[number], Step> = {
  async hidden({ source, authors }, after) {
    const ids = await source.hiddenUsers(after ?? firstUuid, pageSize);
    await Promise.all(ids.map((userId) => authors.hide(userId)));
    return { next: ids.at(-1) ?? null, feeds: 0 };
  },
  async pull({ source, feeds }, after) {
    const ids = await source.pullAuthors(after ?? firstUuid, pageSize);
    await Promise.all(ids.map((authorId) => feeds.addPullAuthor(authorId)));
    return { next: ids.at(-1) ?? null, feeds: 0 };
  },
  async followers(deps, after, progress) {
    const ids = await deps.source.followers(after ?? firstUuid, pageSize);
    for (const userId of ids) {
      await rebuildFeed(deps, userId);
      progress?.alive();
    }
    return { next: ids.at(-1) ?? null, feeds: ids.length };
  },
  // Whoever follows nobody any more is no follower of the part before, and may have a feed all the same.
  async strays({ walk, source, feeds }, after) {
    const { userIds, next } = await walk.page(after);
    const following = await source.following(userIds);
    for (const userId of userIds) if (!following.has(userId)) await feeds.drop(userId);
    return { next, feeds: 0 };
  },
};
