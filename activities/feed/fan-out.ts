import { contentOf } from '../../contracts/consequences';
import { type EventRecord, type EventRef } from '../../contracts/event-ref';
import { type PayloadOf } from '../../contracts/catalogue';
import { codeOf } from '../../runtime/errors';
import { faultPoint } from '../../runtime/fault-points';
import { firstOnce } from '../effect-meter';
import { noticeFor } from '../stores/notice-for';
import { refuseHeldPost } from '../stores/held';
import { type PostState } from './post-states';
import { type FeedDeps } from './deps';
import { pageFollowers, type WalkPoint } from './page-followers';
import { type Progress } from './progress';
import { recordCreation, recordPublishedStatus } from './record-post';
import { settleOpenPages, settlePage } from './settle-page';
import { syncSummary } from './summary';

/**
 * - `push`: written, or being written, into feeds
 * - `pull`: readers merge it
 * - `draft`: no one may see it yet
 * - `overtaken`: a later event of the post decides, and does its own work
 * - `stopped`: the post is deleted or archived
 */
export type FanoutMode = 'push' | 'pull' | 'draft' | 'overtaken' | 'stopped';

export interface FanoutStep {
  readonly mode: FanoutMode;
  /** Where the paging goes on; null: no page is left. */
  readonly next: WalkPoint | null;
  /** Feeds that have the post so far. */
  readonly written: number;
}

export interface FanoutBegun extends FanoutStep {
  /** There is media to be claimed: the post names some, or an upload names the post. */
  readonly media: boolean;
  /** Someone was mentioned and may be notified. */
  readonly mentions: boolean;
}

type Published = EventRecord<PayloadOf<'content.post.created'> | PayloadOf<'content.post.status_updated'>>;
const start: WalkPoint = { after: null, count: 0 };

/**
 * Records the post, then writes the first page of followers, so that a small fan-out is this one call. Needs PostgreSQL
 * only: without Redis it leaves every page to `fanOutPages`, and nothing else of the event waits for Redis.
 * @throws NovaError DELETE_SIGNALLED while a service has announced the delete of the post and its event has not come
 */
export async function beginFanOut(deps: FeedDeps, event: EventRef): Promise<FanoutBegun> {
  const record = await deps.events.load<'content.post.created' | 'content.post.status_updated'>(event);
  // Before it is recorded: readers merge the posts of some authors as soon as they are.
  await refuseHeldPost(deps.tombstones, { postId: record.payload.post_id, authorId: record.payload.user_id }, event);
  const state = await recordPost(deps, record);
  await faultPoint('feed.post-recorded');
  const mode = modeOf(state, event);
  const payload: Readonly<Record<string, unknown>> = record.payload;
  const namesMedia = hasAny(payload['media_ids']) || isSet(payload['media_type']);
  const flags = {
    // Also for a post archived by now: it keeps its media, since it may be published again.
    media: namesMedia || (contentOf(record) !== undefined && (await deps.uploads.waitFor(record.payload.post_id))),
    mentions: state.live && (await mentionsPeople(deps, record)),
  };
  if (mode === 'draft') return { mode, next: null, written: 0, ...flags };
  try {
    return { ...(await fanOut(deps, event, state, start, { maxPages: 1 })), ...flags };
  } catch (thrown) {
    if (codeOf(thrown) !== 'REDIS_UNAVAILABLE') throw thrown;
    return { mode, next: start, written: 0, ...flags };
  }
}

/** Goes on from where the last call ended; returns when the pages of one call are used up or none is left. */
export async function fanOutPages(
  deps: FeedDeps,
  event: EventRef,
  from: WalkPoint,
  progress?: Progress<WalkPoint>,
): Promise<FanoutStep> {
  const { payload } = await deps.events.load<'content.post.created'>(event);
  const state = await deps.posts.find(payload.post_id);
  if (state === undefined) return { mode: 'stopped', next: null, written: from.count };
  const maxPages = deps.settings.feedPagesPerCall;
  return fanOut(deps, event, state, from, { maxPages, progress });
}

async function fanOut(
  deps: FeedDeps,
  event: EventRef,
  state: PostState,
  from: WalkPoint,
  options: { maxPages: number; progress?: Progress<WalkPoint> | undefined },
): Promise<FanoutStep> {
  let mode = modeOf(state, event);
  // Also when there is nothing (more) to write: an earlier attempt may have died between its write and its look.
  const tidied = Promise.all([
    settleOpenPages(deps, state),
    from.after === null || mode !== 'push' ? syncSummary(deps, state) : undefined,
    mode === 'pull' ? deps.feeds.addPullAuthor(state.authorId) : undefined,
  ]);
  const seen = firstOnce(deps.meter, event, 'feed', from.after === null);
  if (mode !== 'push') {
    await tidied;
    if (mode === 'pull') done(deps, event, seen);
    return { mode, next: null, written: from.count };
  }
  const pages = pageFollowers(deps, state.authorId, from, options, async (followerIds) => {
    await refuseHeldPost(deps.tombstones, state, event);
    const page = await settlePage(deps, state, followerIds, 'add');
    mode = page.state === undefined ? 'stopped' : modeOf(page.state, event);
    if (mode === 'push') seen();
    return { count: page.present, stop: mode !== 'push' };
  });
  const [walked] = await Promise.all([pages, tidied]);
  if (mode === 'push' && walked.next === undefined) done(deps, event, seen);
  return { mode, next: walked.next ?? null, written: walked.count };
}

/** Also where there is no follower: then it is seen as soon as it could be. */
function done({ meter }: FeedDeps, event: EventRef, seen: () => void): void {
  seen();
  meter?.done(event, 'feed', 'last');
}

function recordPost(deps: FeedDeps, record: Published): Promise<PostState> {
  return contentOf(record) === undefined
    ? recordPublishedStatus(deps, record as EventRecord<PayloadOf<'content.post.status_updated'>>)
    : recordCreation(deps, record as EventRecord<PayloadOf<'content.post.created'>>);
}

async function mentionsPeople(deps: FeedDeps, record: Published): Promise<boolean> {
  const notice = await noticeFor(deps, record);
  return notice !== undefined && notice.notified.some(({ userIds }) => userIds.length > 0);
}

function modeOf(state: PostState, event: EventRef): FanoutMode {
  if (state.voided || state.status === 'archived' || state.status === 'deleted') return 'stopped';
  if (state.sequence > event.sequence) return 'overtaken';
  if (state.status === 'draft') return 'draft';
  return state.delivery ?? 'push';
}

const hasAny = (list: unknown): boolean => Array.isArray(list) && list.length > 0;
const isSet = (mediaType: unknown): boolean => typeof mediaType === 'string' && mediaType !== 'none';
