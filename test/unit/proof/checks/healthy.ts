import { definitionOf } from '../../../../contracts/catalogue';
import { type Evidence, type OutboxRow, type Run } from '../../../../proof/checks/evidence';
import { type TrueEvent, type Truth } from '../../../../proof/checks/truth';
import { type ReceivedMessage } from '../../../../proof/observe/kafka-reader';
import { bodyOf, event, id, truthOf } from './truth-of';

export const [author, follower, reachable] = [id('a'), id('b'), id('d')];
const talker = id('c');
/** One left for good, one is only hidden. */
export const [erased, hidden] = [id('e'), id('8')];
export const [livePost, deletedPost] = [id('1'), id('2')];
export const media = id('3');
const upload = id('4');

const inPost = (postId: string) => ({ aggregateId: postId });
const written = { user_id: author, media_ids: [media] };
export const uploaded = event(
  'media.upload.completed',
  { upload_id: upload, media_id: media, user_id: author },
  { aggregateId: upload },
);
export const created = event('content.post.created', { post_id: livePost, ...written }, inPost(livePost));
export const short = event('content.post.created', { post_id: deletedPost, user_id: author }, inPost(deletedPost));
export const deleted = event('content.post.deleted', { post_id: deletedPost, user_id: author }, inPost(deletedPost));
export const comment = event(
  'comment.created',
  { comment_id: id('5'), post_id: livePost, user_id: talker, mentioned_user_ids: [reachable] },
  inPost(livePost),
);
/** Its COMMIT got no reply, and it happened. */
export const doubtful = event('content.post.updated', { post_id: livePost, user_id: author }, inPost(livePost));
/** An upload that no post wants. */
export const orphan = event(
  'media.upload.completed',
  { upload_id: id('9'), media_id: id('91'), user_id: author },
  { aggregateId: id('9') },
);
export const events = [uploaded, created, short, deleted, comment, doubtful, orphan];

export const rolledBack = id('6');
/** Its COMMIT got no reply, and it did not happen. */
export const vanished = id('7');

export function runOf({ id: workflowId }: Pick<TrueEvent, 'id'>, change: Partial<Run> = {}): Run {
  const runId = `run-of-${workflowId}`;
  const ended = { type: 'someWorkflow', status: 'COMPLETED', outcome: undefined };
  return { workflowId, runId, firstRunId: runId, ...ended, ...change };
}

export function rowOf({ id: eventId, committedAtMs }: TrueEvent, change: Partial<OutboxRow> = {}): OutboxRow {
  const times = { publishedAtMs: committedAtMs + 50, emittedAtMs: committedAtMs + 200, deadLetteredAtMs: null };
  return { id: eventId, ...times, retryCount: 0, lastError: null, leased: false, ...change };
}

/** Offsets follow the sequence, so the messages stand in its order unless `change` says otherwise. */
export function messageOf(of: TrueEvent, change: Partial<ReceivedMessage> = {}): ReceivedMessage {
  const definition = definitionOf(of.type);
  return {
    topic: `nova.${definition?.domain}.events`,
    partition: 0,
    offset: of.sequence,
    key: String(of.payload[definition?.partitionKey ?? '']),
    headers: { event_id: of.id, event_type: of.type, sequence: String(of.sequence) },
    body: bodyOf(of),
    storedAtMs: of.committedAtMs + 100,
    receivedAtMs: of.committedAtMs + 110,
    ...change,
  };
}

export interface Healthy {
  readonly truth: Truth;
  readonly evidence: Evidence;
  readonly reachable: ReadonlySet<string>;
}

/** What the servers say after a run in which every promise was kept; each kind of thing is there. */
export function healthy(): Healthy {
  const post = { authorId: author, caption: '' };
  const notice = { eventId: comment.id, inApp: true, retracted: false, subjectType: 'post', subjectId: livePost };
  const truth = truthOf({
    events,
    rolledBack: new Set([rolledBack, vanished]),
    posts: new Map([
      [livePost, { ...post, status: 'published' }],
      [deletedPost, { ...post, status: 'deleted' }],
    ]),
    comments: new Map([[id('5'), { ownerId: talker, postId: livePost }]]),
    gone: new Map([
      [erased, 'deleted'],
      [hidden, 'hidden'],
    ]),
    followers: new Map([[author, [follower]]]),
  });
  const evidence: Evidence = {
    unaccounted: [],
    rows: events.map((one) => rowOf(one)),
    runs: events.map((one) => runOf(one, one === orphan ? { outcome: 'unclaimed' } : {})),
    messages: events.map((one) => messageOf(one)),
    redis: {
      feeds: new Map([[follower, { entries: [{ postId: livePost, score: created.createdAtMs }], bound: null }]]),
      captions: new Map([[livePost, '']]),
      pullAuthors: new Set(),
      openPages: new Map(),
      hiddenUsers: new Set([erased, hidden]),
      authors: new Set([author]),
    },
    mails: [{ messageId: `${comment.id}.${reachable}@nova.example` }],
    notices: [
      { ...notice, recipientId: author, kind: 'comment.received' },
      { ...notice, recipientId: reachable, kind: 'comment.mention' },
    ],
    deliveries: [{ eventId: comment.id, recipientId: reachable, channel: 'email', state: 'sent' }],
    links: [{ postId: livePost, mediaId: media, eventId: uploaded.id }],
    postStates: [
      { postId: livePost, authorId: author, status: 'published', forbidden: false, says: true },
      { postId: deletedPost, authorId: author, status: 'deleted', forbidden: true, says: false },
      { postId: id('92'), authorId: erased, status: 'deleted', forbidden: true, says: false },
    ],
    profiles: [
      { userId: author, state: 'active', named: true },
      { userId: erased, state: 'deleted', named: false },
      { userId: hidden, state: 'hidden', named: true },
    ],
  };
  return { truth, evidence, reachable: new Set([reachable]) };
}
