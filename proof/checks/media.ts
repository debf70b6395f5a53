import { type WorkflowRun } from '../observe/workflow-runs';
import { checked, type CheckResult } from './check';
import { idIn, idsIn, isDeleted, type Truth } from './truth';

type Known = Pick<Truth, 'events' | 'posts' | 'gone'>;

/** A row of `post_media`. */
export interface MediaLink {
  readonly postId: string;
  readonly mediaId: string;
}

/** Sentences, by what is wrong. */
export interface MediaFaults {
  readonly uploads: number;
  readonly due: number;
  readonly orphans: number;
  readonly missing: readonly string[];
  readonly duplicates: readonly string[];
  readonly unexpected: readonly string[];
  /** Uploads that no post wants, and whose workflow does not say so. */
  readonly unended: readonly string[];
}

type Outcome = Pick<WorkflowRun, 'workflowId' | 'outcome'>;

/** Every upload is linked to the post that wants it, whichever came first; one that no post wants ends as unclaimed. */
export function checkMedia(truth: Known, links: readonly MediaLink[], runs: readonly Outcome[]): CheckResult {
  const { uploads, due, orphans, missing, duplicates, unexpected, unended } = mediaFaults(truth, links, runs);
  return checked(
    'media',
    'every upload is linked to its post, whichever came first, or ends as unclaimed',
    `${uploads} uploads, ${due} links due, ${links.length} there, ${orphans} unclaimed`,
    {
      uploads,
      links: links.length,
      missing: missing.length,
      duplicates: duplicates.length,
      unexpected: unexpected.length,
    },
    [...missing, ...duplicates, ...unexpected, ...unended],
  );
}

export function mediaFaults(truth: Known, links: readonly MediaLink[], runs: readonly Outcome[]): MediaFaults {
  const uploads = truth.events.filter(({ type }) => type === 'media.upload.completed');
  const wanted = wantedLinks(truth);
  const found = new Map<string, number>();
  for (const { postId, mediaId } of links)
    found.set(`${postId} ${mediaId}`, (found.get(`${postId} ${mediaId}`) ?? 0) + 1);

  // What a deleted post has is not looked at: whether it was linked before is a matter of who was quicker.
  const due = [...wanted].filter((pair) => !isDeleted(truth, pair.slice(0, 36)));
  const missing = due.filter((pair) => !found.has(pair)).map((pair) => `${nameOf(pair)} is not there`);
  const duplicates = [...found]
    .filter(([, count]) => count > 1)
    .map(([pair, count]) => `${nameOf(pair)} is there ${count} times`);
  const unexpected = [...found.keys()]
    .filter((pair) => !wanted.has(pair))
    .map((pair) => `${nameOf(pair)} should not be there`);

  const claimed = new Set([...wanted].map((pair) => pair.slice(37)));
  const orphans = uploads.filter(({ payload }) => !claimed.has(idIn(payload, 'media_id')));
  const outcomes = new Map(runs.map(({ workflowId, outcome }) => [workflowId, outcome]));
  const unended = orphans
    .filter(({ id }) => outcomes.get(id) !== 'unclaimed')
    .map(({ id }) => `upload ${id}, which no post wants, ended as ${outcomes.get(id) ?? 'done'}, not unclaimed`);
  const counts = { uploads: uploads.length, due: due.length, orphans: orphans.length };
  return { ...counts, missing, duplicates, unexpected, unended };
}

/** `post media` of every upload that a post names, or that names a post. */
function wantedLinks({ events }: Pick<Known, 'events'>): Set<string> {
  const uploaded = new Set<string>();
  const wanted = new Set<string>();
  for (const { type, payload } of events) {
    if (type !== 'media.upload.completed') continue;
    uploaded.add(idIn(payload, 'media_id'));
    if (idIn(payload, 'post_id') !== '') wanted.add(`${idIn(payload, 'post_id')} ${idIn(payload, 'media_id')}`);
  }
  for (const { type, payload } of events) {
    if (type !== 'content.post.created') continue;
    const named = idsIn(payload, 'media_ids').filter((mediaId) => uploaded.has(mediaId));
    for (const mediaId of named) wanted.add(`${idIn(payload, 'post_id')} ${mediaId}`);
  }
  return wanted;
}

function nameOf(pair: string): string {
  const [postId, mediaId] = pair.split(' ');
  return `the link of media ${mediaId} to post ${postId}`;
}
