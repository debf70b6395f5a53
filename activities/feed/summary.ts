import { faultPoint } from '../../runtime/fault-points';
import { type FeedStore } from './feed-store';
import { type PostState, type PostStates, type PostSummary } from './post-states';

/** Characters of a caption that a feed shows; the whole text is the content service's to serve. */
const captionLimit = 500;
const maxRounds = 20;

/** The fields of a post event that a feed shows; absent ones are left out, so that they overwrite nothing. */
export function summaryOf(payload: Readonly<Record<string, unknown>>): PostSummary {
  const { caption, title, tags, media_type } = payload;
  const shown = {
    caption: typeof caption === 'string' ? [...caption].slice(0, captionLimit).join('') : undefined,
    title,
    tags,
    media_type,
  };
  return Object.fromEntries(Object.entries(shown).filter(([, value]) => value !== undefined));
}

/** The cached form: JSON of post_id, user_id, created_at_ms and the summary's fields. */
function cachedSummary(state: PostState): string {
  return JSON.stringify({
    post_id: state.postId,
    user_id: state.authorId,
    created_at_ms: state.scoreMs,
    ...state.summary,
  });
}

/** Brings the cached summary in line with the table: written while the post is live, gone otherwise. Writes, then looks. */
export async function syncSummary(
  deps: { readonly posts: Pick<PostStates, 'find'>; readonly feeds: FeedStore },
  known: PostState,
): Promise<{ cached: boolean }> {
  let state: PostState | undefined = known;
  let written: string | null | undefined;
  for (let round = 0; round < maxRounds; round++) {
    const wanted: string | null = state?.live === true ? cachedSummary(state) : null;
    if (wanted === written) return { cached: wanted !== null };
    if (wanted === null) await deps.feeds.dropSummaries([known.postId]);
    else await deps.feeds.cacheSummary(known.postId, wanted);
    written = wanted;
    await faultPoint('feed.summary-cached');
    state = await deps.posts.find(known.postId);
  }
  throw new Error(`post ${known.postId}: it changed ${maxRounds} times while its summary was cached`);
}
