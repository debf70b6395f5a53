import { type EventRef } from '../../contracts/event-ref';
import { faultPoint } from '../../runtime/fault-points';
import { type FeedDeps } from './deps';
import { forgetIfErased, knownPost } from './record-post';
import { summaryOf, syncSummary } from './summary';

/** Merges an edit into the post's summary, table first, then cache. False: a post that feeds have never heard of. */
export async function refreshPost(deps: FeedDeps, event: EventRef): Promise<boolean> {
  const { payload } = await deps.events.load<'content.post.updated'>(event);
  if ((await knownPost(deps, event, payload.post_id)) === undefined) return false;
  const merged = await deps.posts.mergeSummary(payload.post_id, summaryOf(payload), event.sequence);
  if (merged === undefined) return false;
  const state = await forgetIfErased(deps, merged);
  await faultPoint('feed.summary-merged');
  await syncSummary(deps, state);
  return true;
}
