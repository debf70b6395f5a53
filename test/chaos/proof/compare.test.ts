import { type FaultRecord } from '../types';
import { compare, notesOn } from './compare';
import { type Evidence } from './evidence';
import { healthyEvidence } from './healthy-evidence';
import {
  author,
  comment,
  created,
  deleted,
  deletedPost,
  doubtful,
  follower,
  livePost,
  media,
  messageOf,
  reachable,
  rolledBack,
  rowOf,
  runOf,
  short,
  uploaded,
  vanished,
} from '../../unit/proof/checks/healthy';
import { byEvent } from '../../../proof/checks/replays';
import { stallsOf } from './stalls';

type Change = (healthy: Evidence) => Partial<Evidence>;

const violationsOf = (evidence: Evidence): Record<string, number> =>
  Object.fromEntries(compare(evidence).flatMap((row) => (row.violations > 0 ? [[row.promise, row.violations]] : [])));
const withChange = (change: Change): Evidence => ({ ...healthyEvidence(), ...change(healthyEvidence()) });
const without = <T>(items: readonly T[], gone: (item: T) => boolean): T[] => items.filter((item) => !gone(item));
const feedOf = (posts: readonly string[]) => (healthy: Evidence) => ({
  redis: {
    ...healthy.redis,
    feeds: new Map([
      [follower, { entries: posts.map((postId) => ({ postId, score: created.createdAtMs })), bound: null }],
    ]),
  },
});
const fault = (target: 'workers' | 'redis', kind: 'pause' | 'wipe', beganAtMs: number): FaultRecord => ({
  fault: { atMs: 0, target, index: 0, kind, durationMs: 1_000 },
  beganAtMs,
  endedAtMs: beganAtMs + 1_000,
  recoveredMs: null,
});

describe('the proof', () => {
  it('takes a completed replay for the end of a run that an operator terminated', () => {
    const runs = ({ runs: all }: Evidence, replay: string) => [
      ...without(all, ({ workflowId }) => workflowId === created.id),
      runOf(created, { status: 'TERMINATED' }),
      runOf({ id: `${created.id}/replay-1` }, { status: replay }),
    ];
    expect(violationsOf(withChange((healthy) => ({ runs: runs(healthy, 'COMPLETED') })))).toEqual({});
    expect(violationsOf(withChange((healthy) => ({ runs: runs(healthy, 'FAILED') })))).toEqual({ unexplained: 2 });
  });

  it('takes the outcome of the run that a reset began, not of the one that it ended, in whichever order they are listed', () => {
    const reset = [
      runOf(uploaded, { runId: 'second', outcome: 'unclaimed' }),
      runOf(uploaded, { runId: 'first', status: 'TERMINATED' }),
    ];
    for (const runs of [reset, reset.toReversed()]) expect(byEvent(runs).at(-1)?.outcome).toBe('unclaimed');
  });

  it('finds nothing where every promise was kept, and looks at something for each', () => {
    const rows = compare(healthyEvidence());
    expect(rows.map(({ promise, violations }) => [promise, violations])).toEqual([
      ['lost', 0],
      ['duplicate starts', 0],
      ['duplicate effects', 0],
      ['out of order on Kafka', 0],
      ['resurrected deletes', 0],
      ['rolled back, yet heard of', 0],
      ['transactions happened whole or not at all', 0],
      ['leases leaked', 0],
      ['subscribers’ order', 0],
      ['unexplained', 0],
    ]);
    expect(rows.filter(({ examined }) => examined === 0)).toEqual([]);
  });

  it.each<[string, string, Change]>([
    ['lost', 'a row that is gone', () => ({ unaccounted: ['event x was committed, but its row is not there'] })],
    ['lost', 'an event without a run', ({ runs }) => ({ runs: runs.slice(1) })],
    ['lost', 'an event that is not on Kafka', ({ messages }) => ({ messages: messages.slice(1) })],
    ['lost', 'a post that a feed lacks', feedOf([])],
    ['lost', 'a person who was not notified', ({ notices }) => ({ notices: notices.slice(1) })],
    ['lost', 'an upload that is not linked', () => ({ links: [] })],
    [
      'lost',
      'an e-mail that did not arrive',
      ({ deliveries }) => ({ mails: [], deliveries: deliveries.map((one) => ({ ...one, state: 'skipped' })) }),
    ],
    [
      'lost',
      'a post shown as it was before its edit',
      ({ redis }) => ({ redis: { ...redis, captions: new Map([[livePost, 'old']]) } }),
    ],
    [
      'duplicate starts',
      'an event with two first runs',
      ({ runs }) => ({ runs: [...runs, runOf(created, { runId: 'again', firstRunId: 'again' })] }),
    ],
    [
      'duplicate starts',
      'a run that was started for another outbox than that of its event',
      ({ runs }) => ({
        together: false,
        runs: runs.map((one) => ({ ...one, outbox: one.workflowId === created.id ? 'social' : 'content' })),
      }),
    ],
    ['duplicate starts', 'a run without a row', ({ runs }) => ({ runs: [...runs, runOf({ id: 'of-no-row' })] })],
    ['duplicate effects', 'an e-mail sent twice', ({ mails }) => ({ mails: [...mails, ...mails] })],
    ['duplicate effects', 'a notification twice', ({ notices }) => ({ notices: [...notices, ...notices.slice(1)] })],
    ['duplicate effects', 'a post twice in a feed', feedOf([livePost, livePost])],
    ['duplicate effects', 'a link twice', ({ links }) => ({ links: [...links, ...links] })],
    [
      'duplicate effects',
      'an event sent to Kafka again long after its mark',
      ({ messages }) => ({
        messages: [...messages, messageOf(created, { offset: 99, storedAtMs: created.committedAtMs + 60_000 })],
      }),
    ],
    [
      'out of order on Kafka',
      'an edit before the post it edits',
      ({ messages }) => ({
        messages: [
          ...without(messages, ({ headers }) => headers['event_id'] === doubtful.id),
          messageOf(doubtful, { offset: 0 }),
        ],
      }),
    ],
    ['subscribers’ order', 'an event that no subscriber heard', ({ handlings }) => ({ handlings: handlings.slice(1) })],
    [
      'subscribers’ order',
      'an edit that was handled before the post it edits',
      ({ handlings }) => ({
        handlings: handlings.map((one) => (one.eventId === doubtful.id ? { ...one, n: -1, endedAtMs: null } : one)),
      }),
    ],
    [
      'subscribers’ order',
      'an edit that was begun while the post was still handled',
      ({ handlings }) => ({
        handlings: handlings.map((one) => (one.eventId === created.id ? { ...one, endedAtMs: Infinity } : one)),
      }),
    ],
    ['resurrected deletes', 'a deleted post in a feed', feedOf([livePost, deletedPost])],
    [
      'resurrected deletes',
      'a deleted post that is created on Kafka after it is deleted',
      ({ messages }) => ({
        messages: [
          ...without(messages, ({ headers }) => headers['event_id'] === short.id),
          messageOf(short, { offset: 99 }),
        ],
      }),
    ],
    [
      'resurrected deletes',
      'a notification about a deleted post',
      ({ notices }) => ({ notices: notices.map((one) => ({ ...one, subjectId: deletedPost })) }),
    ],
    [
      'resurrected deletes',
      'a deleted post that its state calls published',
      () => ({
        postStates: [{ postId: deletedPost, authorId: author, status: 'published', forbidden: false, says: true }],
      }),
    ],
    [
      'rolled back, yet heard of',
      'a rolled-back event with a run',
      ({ runs }) => ({ runs: [...runs, runOf({ id: rolledBack })] }),
    ],
    [
      'rolled back, yet heard of',
      'an event in doubt that did not happen, on Kafka',
      ({ messages }) => ({ messages: [...messages, messageOf({ ...created, id: vanished }, { offset: 99 })] }),
    ],
    [
      'transactions happened whole or not at all',
      'a transaction in doubt of which only the events are there',
      () => ({ marks: new Set([1, 2, 3, 4, 8]) }),
    ],
    [
      'transactions happened whole or not at all',
      'a transaction of which one event is there',
      ({ rows }) => ({ rows: without(rows, ({ id }) => id === uploaded.id) }),
    ],
    [
      'leases leaked',
      'a row that is still leased',
      ({ rows }) => ({ rows: [...rows.slice(1), rowOf(uploaded, { leased: true })] }),
    ],
    [
      'leases leaked',
      'a delivery that is still claimed',
      ({ deliveries }) => ({ deliveries: deliveries.map((one) => ({ ...one, state: 'claimed' })) }),
    ],
    ['leases leaked', 'a lock that is still held', () => ({ held: ['process 1 holds the advisory lock 2/3'] })],
    [
      'unexplained',
      'a row whose attempts an outage burnt',
      ({ rows }) => ({ rows: [...rows.slice(1), rowOf(uploaded, { retryCount: 1 })] }),
    ],
    [
      'unexplained',
      'a row that was dead-lettered',
      ({ rows }) => ({ rows: [...rows.slice(1), rowOf(uploaded, { deadLetteredAtMs: 1, lastError: 'CODE: why' })] }),
    ],
    [
      'unexplained',
      'a row that was never marked as emitted',
      ({ rows }) => ({ rows: [...rows.slice(1), rowOf(uploaded, { emittedAtMs: null })] }),
    ],
    [
      'unexplained',
      'a workflow that failed',
      ({ runs }) => ({ runs: [...runs.slice(1), runOf(uploaded, { status: 'FAILED' })] }),
    ],
    [
      'unexplained',
      'a workflow that is still open',
      ({ runs }) => ({ runs: [...runs.slice(1), runOf(uploaded, { status: 'RUNNING' })] }),
    ],
    [
      'unexplained',
      'a bridge that still pauses an event type',
      ({ bridges }) => ({ bridges: bridges.map((one) => ({ ...one, pausedTypes: ['follow.added'] })) }),
    ],
    [
      'unexplained',
      'a message whose body is not its payload',
      ({ messages }) => ({ messages: [...messages.slice(1), messageOf(uploaded, { body: '{}' })] }),
    ],
    [
      'unexplained',
      'a post in the feed of a person who does not follow',
      ({ truth }) => ({ truth: { ...truth, followers: new Map([[author, []]]) } }),
    ],
    ['unexplained', 'an e-mail that the delivery ledger does not know', () => ({ deliveries: [] })],
    [
      'unexplained',
      'a link that no event asked for',
      ({ links }) => ({ links: [...links, { postId: deletedPost, mediaId: media, eventId: uploaded.id }] }),
    ],
  ])('%s: finds %s', (promise, _, change) => {
    expect(Object.keys(violationsOf(withChange(change)))).toContain(promise);
  });

  it.each<[string, Change]>([
    [
      'a workflow that went on as a new run',
      ({ runs }) => ({
        runs: [...runs.slice(1), runOf(uploaded, { status: 'CONTINUED_AS_NEW' }), runOf(uploaded, { runId: 'next' })],
      }),
    ],
    [
      'an e-mail whose fate is unknown, and which did not arrive',
      ({ deliveries }) => ({ mails: [], deliveries: deliveries.map((one) => ({ ...one, state: 'unknown' })) }),
    ],
    [
      'an event sent to Kafka again before its mark',
      ({ messages }) => ({ messages: [...messages, messageOf(created, { offset: 99 })] }),
    ],
    [
      'an event sent again after its mark by a worker that was paused',
      ({ messages }) => ({
        messages: [...messages, messageOf(created, { offset: 99, storedAtMs: created.committedAtMs + 5_000 })],
        faults: [fault('workers', 'pause', created.committedAtMs)],
      }),
    ],
    [
      'a cache that fills again after Redis was wiped',
      ({ redis }) => ({ redis: { ...redis, captions: new Map() }, faults: [fault('redis', 'wipe', 0)] }),
    ],
    [
      'a bridge that died long ago in the middle of an outage',
      ({ bridges }) => ({
        bridges: [
          ...bridges,
          { instanceId: 'dead', state: 'outage', reason: null, pausedTypes: [], silentForMs: 60_000 },
        ],
      }),
    ],
  ])('takes %s for what it is', (_, change) => {
    expect(violationsOf(withChange(change))).toEqual({});
  });

  it('reports the loss of an event once for each thing that is missing, with its id', () => {
    const gone = ({ id }: { id: string }) => id === deleted.id;
    const evidence = withChange(({ runs, messages }) => ({
      runs: without(runs, ({ workflowId }) => workflowId === deleted.id),
      messages: without(messages, ({ headers }) => gone({ id: headers['event_id'] ?? '' })),
    }));
    const [lost] = compare(evidence);
    expect(lost).toMatchObject({ promise: 'lost', violations: 2 });
    expect(lost?.examples.every((example) => example.includes(deleted.id))).toBe(true);
  });

  it('counts redeliveries, unknown deliveries and transactions in doubt beside the proof', () => {
    const evidence = withChange(({ messages, deliveries }) => ({
      messages: [...messages, messageOf(comment, { offset: 99 })],
      deliveries: deliveries.map((one) => ({ ...one, recipientId: reachable, state: 'unknown' })),
    }));
    expect(notesOn(evidence)).toEqual([
      expect.stringMatching(/^1 copies of 1 events/),
      expect.stringMatching(/^1 e-mails/),
      expect.stringMatching(/^of 2 transactions .* 1 had happened$/),
    ]);
  });
});

describe('the stalls', () => {
  it('count from the commit, per priority', () => {
    const events = [created, { ...comment, priority: 1 }];
    const rows = [
      rowOf(created, { publishedAtMs: created.committedAtMs + 700, emittedAtMs: created.committedAtMs + 900 }),
      rowOf(comment),
    ];
    expect(stallsOf(events, rows)).toEqual([
      { priority: 'high', events: 1, startP50Ms: 50, startP99Ms: 50, longestStartMs: 50, longestEmitMs: 200 },
      { priority: 'normal', events: 1, startP50Ms: 700, startP99Ms: 700, longestStartMs: 700, longestEmitMs: 900 },
    ]);
  });
});
