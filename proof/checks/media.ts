import { groupBy } from '../../runtime/group-by';
import { checked, type CheckResult } from './check';
import { type MediaLink, type Run } from './evidence';
import { idIn, idsIn, isDeleted, type Truth } from './truth';

type Known = Pick<Truth, 'events' | 'posts' | 'gone'>;
type Outcome = Pick<Run, 'workflowId' | 'outcome'>;

/** Pairs `post media`. */
export interface ExpectedMedia {
  /** Links that some event asked for. */
  readonly wanted: ReadonlySet<string>;
  /** Posts that are gone: whether they were linked before is a matter of who was quicker, in the end they are not. */
  readonly isGone: (postId: string) => boolean;
  /** Uploads, by the id of their event, that no post wants: they end as `unclaimed`. */
  readonly unclaimed: ReadonlySet<string>;
}

/** Sentences, by what is wrong. */
export interface MediaFaults {
  readonly missing: readonly string[];
  readonly duplicates: readonly string[];
  readonly unexpected: readonly string[];
  /** Links of a post that is gone. */
  readonly kept: readonly string[];
  /** Media on several posts, where each was wanted by one. */
  readonly shared: readonly string[];
  /** Uploads that no post wants, and whose workflow does not say so. */
  readonly unended: readonly string[];
}

/** Every upload is linked to the post that wants it, whichever came first; one that no post wants ends as unclaimed. */
export function checkMedia(truth: Known, links: readonly MediaLink[], runs: readonly Outcome[]): CheckResult {
  const expected = expectedMedia(truth);
  const { missing, duplicates, unexpected, kept, shared, unended } = mediaFaults(expected, links, runs);
  const uploads = truth.events.filter(({ type }) => type === 'media.upload.completed').length;
  const due = dueOf(expected).length;
  return checked(
    'media',
    'every upload is linked to its post, whichever came first, or ends as unclaimed',
    `${uploads} uploads, ${due} links due, ${links.length} there, ${expected.unclaimed.size} unclaimed`,
    {
      uploads,
      links: links.length,
      missing: missing.length,
      duplicates: duplicates.length,
      unexpected: unexpected.length,
      resurrected: kept.length,
    },
    [...missing, ...duplicates, ...unexpected, ...kept, ...shared, ...unended],
  );
}

export function mediaFaults(
  expected: ExpectedMedia,
  links: readonly MediaLink[],
  runs: readonly Outcome[],
): MediaFaults {
  const found = new Map<string, number>();
  for (const { postId, mediaId } of links)
    found.set(`${postId} ${mediaId}`, (found.get(`${postId} ${mediaId}`) ?? 0) + 1);
  const there = [...found.keys()];
  const outcomes = new Map(runs.map(({ workflowId, outcome }) => [workflowId, outcome]));
  return {
    missing: dueOf(expected)
      .filter((pair) => !found.has(pair))
      .map((pair) => `${nameOf(pair)} is not there`),
    duplicates: [...found].flatMap(([pair, count]) => (count > 1 ? [`${nameOf(pair)} is there ${count} times`] : [])),
    unexpected: there.filter((pair) => !expected.wanted.has(pair)).map((pair) => `${nameOf(pair)} should not be there`),
    kept: there
      .filter((pair) => expected.wanted.has(pair) && expected.isGone(postOf(pair)))
      .map((pair) => `${nameOf(pair)} is there, and the post is gone`),
    shared: sharedMedia(expected.wanted, links),
    unended: [...expected.unclaimed]
      .filter((id) => outcomes.get(id) !== 'unclaimed')
      .map((id) => `upload ${id}, which no post wants, ended as ${outcomes.get(id) ?? 'done'}, not unclaimed`),
  };
}

function dueOf({ wanted, isGone }: ExpectedMedia): string[] {
  return [...wanted].filter((pair) => !isGone(postOf(pair)));
}

/** What media hangs on, by the events alone. */
export function expectedMedia(truth: Known): ExpectedMedia {
  const wanted = wantedLinks(truth);
  const claimed = new Set([...wanted].map((pair) => pair.slice(37)));
  const orphans = truth.events.filter(
    ({ type, payload }) => type === 'media.upload.completed' && !claimed.has(idIn(payload, 'media_id')),
  );
  return {
    wanted,
    isGone: (postId) => isDeleted(truth, postId),
    unclaimed: new Set(orphans.map(({ id }) => id)),
  };
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

/** Media that one post wants and several have. */
function sharedMedia(wanted: ReadonlySet<string>, links: readonly MediaLink[]): string[] {
  const wanting = groupBy(wanted, (pair) => pair.slice(37));
  return [...groupBy(links, ({ mediaId }) => mediaId)].flatMap(([mediaId, all]) => {
    const posts = new Set(all.map(({ postId }) => postId));
    const allowed = Math.max(1, wanting.get(mediaId)?.length ?? 0);
    return posts.size > allowed ? [`media ${mediaId} is linked to ${posts.size} posts: ${[...posts].join(', ')}`] : [];
  });
}

const postOf = (pair: string): string => pair.slice(0, 36);

function nameOf(pair: string): string {
  const [postId, mediaId] = pair.split(' ');
  return `the link of media ${mediaId} to post ${postId}`;
}
