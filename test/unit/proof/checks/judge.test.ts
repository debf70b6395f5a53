import { expectationOf } from '../../../../proof/checks/expectation';
import { type Evidence, type OutboxRow } from '../../../../proof/checks/evidence';
import { judge, type Judgement, type Promised, sentencesOf } from '../../../../proof/checks/judge';
import { checksOf } from '../../../../proof/checks/table';
import { compare } from '../../../chaos/proof/compare';
import { healthyEvidence } from '../../../chaos/proof/healthy-evidence';
import { lineOf } from '../../../chaos/proof/lines';
import {
  author,
  comment,
  created,
  deletedPost,
  doubtful,
  erased,
  follower,
  healthy,
  hidden,
  livePost,
  media,
  messageOf,
  orphan,
  reachable,
  rolledBack,
  rowOf,
  runOf,
  short,
  uploaded,
} from './healthy';
import { id } from './truth-of';

type Change = (found: Evidence) => Partial<Evidence>;

const row =
  (change: Partial<OutboxRow>): Change =>
  ({ rows }) => ({ rows: [rowOf(uploaded, change), ...rows.slice(1)] });
const feed =
  (entries: readonly { postId: string; score: number }[], bound: number | null = null): Change =>
  ({ redis }) => ({ redis: { ...redis, feeds: new Map([[follower, { entries, bound }]]) } });
const redis =
  (change: Partial<Evidence['redis']>): Change =>
  (found) => ({ redis: { ...found.redis, ...change } });
const delivery =
  (state: string, mails?: Evidence['mails']): Change =>
  ({ deliveries, ...found }) => ({
    deliveries: deliveries.map((one) => ({ ...one, state })),
    mails: mails ?? found.mails,
  });
const entry = { postId: livePost, score: created.createdAtMs };
const link = { postId: livePost, mediaId: media, eventId: uploaded.id };

/** One way to break each promise. A promise without one does not compile. */
const breaks: Readonly<Record<Promised, Change>> = {
  'rows.unaccounted': () => ({ unaccounted: ['event x was committed, but its outbox row is not there'] }),
  'rows.unstarted': row({ publishedAtMs: null }),
  'rows.unemitted': row({ emittedAtMs: null }),
  'rows.givenUp': row({ deadLetteredAtMs: 1, lastError: 'CODE: why' }),
  'rows.burnt': row({ retryCount: 1 }),
  'rows.blamed': row({ lastError: 'CODE: why' }),
  'rows.leased': row({ leased: true }),
  'runs.missing': ({ runs }) => ({ runs: runs.slice(1) }),
  'runs.duplicates': ({ runs }) => ({ runs: [...runs, runOf(created, { runId: 'again', firstRunId: 'again' })] }),
  'runs.unfinished': ({ runs }) => ({ runs: [runOf(uploaded, { status: 'CONTINUED_AS_NEW' }), ...runs.slice(1)] }),
  'runs.strangers': ({ runs }) => ({ runs: [...runs, runOf({ id: rolledBack })] }),
  'kafka.missing': ({ messages }) => ({ messages: messages.slice(1) }),
  'kafka.duplicates': ({ messages }) => ({ messages: [...messages, messageOf(created, { offset: 99 })] }),
  'kafka.late': ({ messages }) => ({
    messages: [...messages, messageOf(created, { offset: 99, storedAtMs: created.committedAtMs + 60_000 })],
  }),
  'kafka.disorder': ({ messages }) => ({
    messages: messages.map((one) =>
      one.headers['event_id'] === doubtful.id ? messageOf(doubtful, { offset: 0 }) : one,
    ),
  }),
  'kafka.strangers': ({ messages }) => ({
    messages: [...messages, messageOf({ ...created, id: rolledBack }, { offset: 99 })],
  }),
  'kafka.wrong': ({ messages }) => ({ messages: [messageOf(uploaded, { body: '{}' }), ...messages.slice(1)] }),
  'kafka.reborn': ({ messages }) => ({
    messages: messages.map((one) => (one.headers['event_id'] === short.id ? messageOf(short, { offset: 99 }) : one)),
  }),
  'feeds.lacks': feed([]),
  'feeds.extra': feed([{ postId: deletedPost, score: short.createdAtMs }, entry]),
  'feeds.score': feed([{ ...entry, score: entry.score + 1 }]),
  'feeds.order': feed([entry, { postId: id('7'), score: entry.score + 1 }]),
  'feeds.repeated': feed([entry, entry]),
  'feeds.overCap': feed(Array.from({ length: 801 }, () => entry)),
  'feeds.bound': feed([entry], entry.score),
  'feeds.pull': redis({ pullAuthors: new Set([author]) }),
  'posts.resurrected': redis({
    captions: new Map([
      [livePost, ''],
      [deletedPost, ''],
    ]),
  }),
  'posts.alive': ({ postStates }) => ({
    postStates: postStates.map((one) => ({ ...one, status: 'published', forbidden: false })),
  }),
  'posts.stale': redis({ captions: new Map([[livePost, 'old']]) }),
  'posts.uncached': redis({ captions: new Map() }),
  'posts.open': redis({ openPages: new Map([[livePost, 1]]) }),
  'notifications.missing': ({ notices }) => ({ notices: notices.slice(1) }),
  'notifications.duplicates': ({ notices }) => ({ notices: [...notices, ...notices.slice(1)] }),
  'notifications.resurrected': () => ({}),
  'notifications.wrong': ({ notices }) => ({ notices: notices.map((one) => ({ ...one, inApp: false })) }),
  'emails.missing': delivery('skipped', []),
  'emails.unknown': delivery('unknown', []),
  'emails.duplicates': ({ mails }) => ({ mails: [...mails, ...mails] }),
  'emails.unexpected': ({ mails }) => ({ mails: [...mails, { messageId: `${comment.id}.${follower}@nova.example` }] }),
  'emails.unrecorded': () => ({ deliveries: [] }),
  'emails.unsent': () => ({ mails: [] }),
  'emails.unsettled': delivery('pending'),
  'emails.claimed': delivery('claimed'),
  'media.missing': () => ({ links: [] }),
  'media.duplicates': () => ({ links: [link, link] }),
  'media.unexpected': () => ({ links: [link, { ...link, postId: deletedPost }] }),
  'media.kept': () => ({}),
  'media.shared': () => ({ links: [link, { ...link, postId: id('93') }] }),
  'media.unended': ({ runs }) => ({
    runs: runs.map((one) => (one.workflowId === orphan.id ? runOf(orphan) : one)),
  }),
  'people.unerased': ({ profiles }) => ({ profiles: profiles.map((one) => ({ ...one, named: true })) }),
  'people.authors': ({ postStates }) => ({
    postStates: postStates.map((one) =>
      one.authorId === erased ? { ...one, status: 'archived', forbidden: false } : one,
    ),
  }),
  'people.texts': ({ postStates }) => ({ postStates: postStates.map((one) => ({ ...one, says: true })) }),
  'people.unhidden': redis({ hiddenUsers: new Set([erased]) }),
  'people.cached': redis({ authors: new Set([author, hidden]) }),
};

/** Of a world that is healthy as well, but for what must be true in it. */
const otherTruths: Partial<Record<Promised, () => ReturnType<typeof healthy>>> = {
  // The comment's post is gone, and who commented on it is still announced.
  'notifications.resurrected': goneLivePost,
  'media.kept': goneLivePost,
};

function goneLivePost(): ReturnType<typeof healthy> {
  const { truth, ...rest } = healthy();
  const gone = { authorId: author, caption: '', status: 'deleted' };
  return { ...rest, truth: { ...truth, posts: new Map([...truth.posts, [livePost, gone]]) } };
}

function broken(promised: Promised) {
  const { truth, evidence, reachable: people } = (otherTruths[promised] ?? healthy)();
  return { truth, people, evidence: { ...evidence, ...breaks[promised](evidence) } };
}

const judged = ({ truth, evidence, people }: ReturnType<typeof broken>): Judgement =>
  judge(expectationOf(truth, people), evidence);
const sentences = (judgement: Judgement, promised: Promised): readonly string[] => {
  const [part, kind] = promised.split('.') as [keyof Judgement, string];
  return (judgement[part] as unknown as Record<string, readonly string[]>)[kind] ?? [];
};
const promises = Object.keys(breaks) as Promised[];

describe('the judge', () => {
  it('finds nothing where every promise was kept', () => {
    const { truth, evidence } = healthy();
    const judgement = judge(expectationOf(truth, new Set([reachable])), evidence);
    expect(sentencesOf(judgement)).toEqual([]);
    const names = Object.entries(judgement).flatMap(([part, of]) =>
      Object.keys(of as object).map((kind) => `${part}.${kind}`),
    );
    expect(names.sort()).toEqual([...promises].sort());
    expect(checksOf(truth, evidence, new Set([reachable])).filter(({ ok }) => !ok)).toEqual([]);
  });

  it.each(promises)('finds that %s is broken, and so does the demo', (promised) => {
    const all = broken(promised);
    expect(sentences(judged(all), promised)).not.toEqual([]);
    expect(
      sentencesOf(
        judged(all),
        promises.filter((one) => one !== promised),
      ),
    ).toEqual(sentences(judged(all), promised));
    const failed = checksOf(all.truth, all.evidence, all.people).flatMap(({ offenders }) => offenders);
    expect(failed).not.toEqual([]);
  });

  it.each(promises)('%s: chaos counts it in its line, or notes it', (promised) => {
    const { truth, evidence } = broken(promised);
    const rows = compare({ ...healthyEvidence(), ...evidence, truth });
    const line = rows.find((one) => one.promise === lineOf[promised]);
    const isNote = lineOf[promised] === null;
    expect((line?.violations ?? 0) > 0).toBe(!isNote);
  });
});
