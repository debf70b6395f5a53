import { definitionOf } from '../../../contracts/catalogue';
import { type TrueEvent } from '../../../proof/checks/truth';
import { type ReceivedMessage } from '../../../proof/observe/kafka-reader';
import { event, id, truthOf } from '../../unit/proof/checks/truth-of';
import { type LedgerTransaction } from '../traffic/ledger';
import { type Evidence, type Handling, type OutboxRow, type Run } from './evidence';

export const [author, follower, reachable] = [id('a'), id('b'), id('d')];
const talker = id('c');
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
/** Its COMMIT was not answered, and it happened. */
export const doubtful = event('content.post.updated', { post_id: livePost, user_id: author }, inPost(livePost));
const events = [uploaded, created, short, deleted, comment, doubtful];

export const rolledBack = id('6');
/** Its COMMIT was not answered, and it did not happen. */
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

function handlingOf(of: TrueEvent, change: Partial<Handling> = {}): Handling {
  const { topic, key } = messageOf(of);
  const times = { beganAtMs: of.committedAtMs + 200, endedAtMs: of.committedAtMs + 201 };
  return { n: of.sequence, listener: 'reader', topic, key, eventId: of.id, sequence: of.sequence, ...times, ...change };
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
    body: JSON.stringify(of.payload),
    storedAtMs: of.committedAtMs + 100,
    receivedAtMs: of.committedAtMs + 110,
    ...change,
  };
}

function transaction(tx: number, fate: LedgerTransaction['fate'], ids: readonly string[]): LedgerTransaction {
  const types = new Map(events.map((one) => [one.id, one.type]));
  const of = ids.map((eventId) => ({ id: eventId, type: types.get(eventId) ?? ('follow.added' as const) }));
  return { tx, fate, events: of, atMs: 0 };
}

/** What the servers say after a run in which every promise was kept; each kind of thing is there. */
export function healthyEvidence(): Evidence {
  const post = { authorId: author, caption: '' };
  const told = { eventId: comment.id, inApp: true, retracted: false, subjectType: 'post', subjectId: livePost };
  return {
    ledger: {
      transactions: [
        transaction(1, 'committed', [uploaded.id, created.id]),
        transaction(2, 'committed', [short.id]),
        transaction(3, 'committed', [deleted.id]),
        transaction(4, 'committed', [comment.id]),
        transaction(5, 'in doubt', [doubtful.id]),
        transaction(6, 'in doubt', [vanished]),
        transaction(7, 'rolled back', [rolledBack]),
      ],
      reachable: new Set([reachable]),
    },
    marks: new Set([1, 2, 3, 4, 5]),
    truth: truthOf({
      events,
      rolledBack: new Set([rolledBack, vanished]),
      posts: new Map([
        [livePost, { ...post, status: 'published' }],
        [deletedPost, { ...post, status: 'deleted' }],
      ]),
      comments: new Map([[id('5'), { ownerId: talker, postId: livePost }]]),
      followers: new Map([[author, [follower]]]),
    }),
    unaccounted: [],
    rows: events.map((one) => rowOf(one)),
    runs: events.map((one) => runOf(one)),
    messages: events.map((one) => messageOf(one)),
    redis: {
      feeds: new Map([[follower, { entries: [{ postId: livePost, score: created.createdAtMs }], bound: null }]]),
      captions: new Map([[livePost, '']]),
      pullAuthors: new Set(),
    },
    mails: [{ messageId: `${comment.id}.${reachable}@nova.example`, to: ['somebody@example.com'] }],
    told: [
      { ...told, recipientId: author, kind: 'comment.received' },
      { ...told, recipientId: reachable, kind: 'comment.mention' },
    ],
    deliveries: [{ eventId: comment.id, recipientId: reachable, channel: 'email', state: 'sent' }],
    links: [{ postId: livePost, mediaId: media, eventId: uploaded.id }],
    postStates: [
      { postId: livePost, status: 'published', forbidden: false },
      { postId: deletedPost, status: 'deleted', forbidden: true },
    ],
    bridges: [{ instanceId: 'bridge-1', state: 'polling', reason: null, pausedTypes: [], silentForMs: 1_000 }],
    handlings: events.map((one, n) => handlingOf(one, { n })),
    held: [],
    faults: [],
  };
}
