import { tombstoneOf } from '../../contracts/consequences';
import { type EventRecord, type EventRef } from '../../contracts/event-ref';
import { type Tombstone } from '../../contracts/events/consequences';
import { NovaError } from '../../contracts/failures';
import { codeOf } from '../../runtime/errors';
import { faultPoint } from '../../runtime/fault-points';
import { type PostState, type PostStatus } from './post-states';
import { type FeedDeps } from './deps';
import { pageFollowers, type WalkPoint } from './page-followers';
import { type Progress } from './progress';
import { knownPost } from './record-post';
import { settleOpenPages, settlePage } from './settle-page';
import { syncSummary } from './summary';

/** `overtaken`: a later event published the post again, and its fan-out decides what is in the feeds. */
export type RetractMode = 'done' | 'overtaken';

export interface RetractStep {
  readonly mode: RetractMode;
  /** Where the removal goes on; null: no page is left. */
  readonly next: WalkPoint | null;
  /** Places the post left so far. */
  readonly removed: number;
}

export interface RetractBegun extends RetractStep {
  /** Earlier events of the aggregate are about the same subject: their running workflows get a signal. */
  readonly signal: boolean;
}

const start: WalkPoint = { after: null, count: 0 };

/**
 * Commits the tombstone, which is the guarantee, then takes the post out of the first page of feeds. Needs PostgreSQL
 * only: without Redis it leaves every page to `retractPages`.
 */
export async function beginRetraction(deps: FeedDeps, event: EventRef): Promise<RetractBegun> {
  const tombstone = tombstoneSetBy(await deps.events.load(event));
  await deps.tombstones.set(tombstone);
  await faultPoint('feed.tombstone-set');
  // A message's running notification may wait for a mail server; a reaction has nothing that waits.
  if (tombstone.subjectType !== 'post')
    return { mode: 'done', next: null, removed: 0, signal: tombstone.subjectType === 'message' };
  const state = await setStatus(deps, event, tombstone.subjectId, tombstone.final ? 'deleted' : 'archived');
  await faultPoint('feed.status-set');
  try {
    return { ...(await retract(deps, tombstone, state, start, { maxPages: 1 })), signal: true };
  } catch (thrown) {
    if (codeOf(thrown) !== 'REDIS_UNAVAILABLE') throw thrown;
    return { mode: 'done', next: start, removed: 0, signal: true };
  }
}

/** @throws NovaError INVALID_PAYLOAD when the event takes nothing back */
function tombstoneSetBy(event: EventRecord): Tombstone {
  const tombstone = tombstoneOf(event);
  if (tombstone === undefined) throw new NovaError('INVALID_PAYLOAD', `${event.eventType} retracts nothing`);
  return tombstone;
}

/**
 * Also of a post whose creation has yet to run: that is recorded first, so that the row ends the same in whichever order
 * the two run.
 */
async function setStatus(
  deps: FeedDeps,
  event: EventRef,
  postId: string,
  status: PostStatus,
): Promise<PostState | undefined> {
  const set = await deps.posts.setStatus(postId, status, event.sequence);
  if (set !== undefined || (await knownPost(deps, event, postId)) === undefined) return set;
  return deps.posts.setStatus(postId, status, event.sequence);
}

/** Goes on from where the last call ended. */
export async function retractPages(
  deps: FeedDeps,
  event: EventRef,
  from: WalkPoint,
  progress?: Progress<WalkPoint>,
): Promise<RetractStep> {
  const tombstone = tombstoneSetBy(await deps.events.load(event));
  if (tombstone.subjectType !== 'post') throw new NovaError('INVALID_PAYLOAD', `${event.eventType} is in no feed`);
  const state = await deps.posts.find(tombstone.subjectId);
  const maxPages = deps.settings.feedPagesPerCall;
  return retract(deps, tombstone, state, from, { maxPages, progress });
}

async function retract(
  deps: FeedDeps,
  { subjectId, sequence, final }: Tombstone,
  state: PostState | undefined,
  from: WalkPoint,
  options: { maxPages: number; progress?: Progress<WalkPoint> | undefined },
): Promise<RetractStep> {
  if (from.after === null) {
    await deps.feeds.markDead(subjectId, sequence, final);
    if (state !== undefined) await syncSummary(deps, state);
  }
  // An earlier attempt may have died between its write and its look.
  if (state !== undefined) await settleOpenPages(deps, state);
  if (state?.live === true) return { mode: 'overtaken', next: null, removed: from.count };
  // Unknown: it was never published. Not pushed: it is in no feed.
  if (state?.delivery !== 'push') return { mode: 'done', next: null, removed: from.count };
  let mode: RetractMode = 'done';
  const walked = await pageFollowers(deps, state.authorId, from, options, async (followerIds) => {
    const page = await settlePage(deps, state, followerIds, 'remove');
    if (page.state?.live === true) mode = 'overtaken';
    return { count: page.removed, stop: mode === 'overtaken' };
  });
  return { mode, next: walked.next ?? null, removed: walked.count };
}
