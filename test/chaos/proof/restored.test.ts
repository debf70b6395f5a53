import { comment, created, deleted, doubtful, messageOf, runOf, short } from '../../unit/proof/checks/healthy';
import { type TrueEvent } from '../../../proof/checks/truth';
import { type Restore } from '../types';
import { compare } from './compare';
import { type Evidence, type Finding } from './evidence';
import { healthyEvidence } from './healthy-evidence';
import { lossesOf } from './losses';
import { restoredRow } from './restored';

const restore: Restore = {
  outbox: 'social',
  stoppedAtMs: 1_000,
  copiedAtMs: 2_000,
  killedAtMs: 9_000,
  openAtMs: 10_000,
};
const written = (tx: number, atMs: number, more: object = {}) => ({
  ...{
    tx,
    atMs,
    fate: 'committed' as const,
    service: 'social' as const,
    events: [{ id: `event-${tx}`, type: 'follow.added' as const }],
  },
  ...more,
});

describe('what a restore took', () => {
  const lost = (transactions: ReturnType<typeof written>[], marks: number[]) => {
    const { transactions: gone, events, kept } = lossesOf({ transactions }, new Set(marks), [restore]);
    return { transactions: [...gone], events: [...events.keys()], kept: kept.length };
  };

  it('is what its service wrote after the copy, with all its events', () => {
    expect(lost([written(1, 500), written(2, 5_000)], [1])).toEqual({
      transactions: [2],
      events: ['event-2'],
      kept: 0,
    });
  });

  it('may be what was in doubt then, and is nothing that was rolled back', () => {
    const doubtfulOne = written(1, 5_000, { fate: 'in doubt' });
    expect(lost([doubtfulOne, written(2, 5_000, { fate: 'rolled back' })], [])).toMatchObject({ transactions: [1] });
  });

  it.each([
    ['before the copy', written(1, 500)],
    ['after the restore', written(1, 11_000)],
    ['in another outbox', written(1, 5_000, { service: 'content' })],
  ])('is nothing that was written %s: that is lost', (_, one) => {
    expect(lost([one], [])).toEqual({ transactions: [], events: [], kept: 0 });
  });

  it('is not there any more: what is shows that nothing was restored', () => {
    expect(lost([written(1, 5_000)], [1])).toMatchObject({ transactions: [], kept: 1 });
    // COMMIT may have come before the server was stopped for the copy.
    expect(lost([written(1, 1_500)], [1])).toMatchObject({ kept: 0 });
  });
});

/** A healthy run whose restore took the row of this event: it is in the books, and had its effects. */
function restoredRun(lost: TrueEvent, change: Partial<Evidence> = {}): Evidence {
  const healthy = healthyEvidence();
  const { books, marks } = healthy;
  const transactions = books.transactions.map((one) =>
    one.events.some(({ id }) => id === lost.id) ? { ...one, service: 'social' as const, atMs: 5_000 } : one,
  );
  const taken = transactions.find(({ events }) => events.some(({ id }) => id === lost.id));
  const there = new Set([...marks].filter((tx) => tx !== taken?.tx));
  const finding: Finding = {
    kind: 'run_without_row',
    eventId: lost.id,
    detail: '',
    resolved: false,
    acknowledged: true,
  };
  return {
    ...healthy,
    books: { ...books, transactions },
    marks: there,
    truth: { ...healthy.truth, events: healthy.truth.events.filter(({ id }) => id !== lost.id) },
    rows: healthy.rows.filter(({ id }) => id !== lost.id),
    restores: [restore],
    losses: lossesOf({ transactions }, there, [restore]),
    findings: [finding],
    ...change,
  };
}

const broken = (evidence: Evidence): string[] =>
  [...compare(evidence), ...restoredRow(evidence)].flatMap(({ promise, violations }) =>
    violations > 0 ? [promise] : [],
  );
const namedByAudit = 'restored outboxes: lost, not named by the audit';

describe('a restored outbox', () => {
  it('breaks no promise by what it lost, once the audit has named it and a person has explained it', () => {
    const evidence = restoredRun(comment);
    expect(broken(evidence)).toEqual([]);
    expect(restoredRow(evidence)).toMatchObject([{ promise: namedByAudit, examined: 1 }]);
  });

  it('says nothing of runs in which nothing was restored', () => {
    expect(restoredRow(healthyEvidence())).toEqual([]);
  });

  it.each<[string, string, (evidence: Evidence) => Partial<Evidence>]>([
    [namedByAudit, 'a lost event that no audit named', () => ({ findings: [] })],
    [
      namedByAudit,
      'a lost event that no person explained',
      ({ findings }) => ({ findings: findings.map((one) => ({ ...one, acknowledged: false })) }),
    ],
    [namedByAudit, 'a restore that took nothing', ({ losses }) => ({ losses: { ...losses, kept: ['transaction 1'] } })],
    [
      'duplicate starts',
      'a lost event that was started twice',
      ({ runs }) => ({ runs: [...runs, runOf(comment, { runId: 'again', firstRunId: 'again' })] }),
    ],
    [
      'unexplained',
      'a lost event whose run is open',
      ({ runs }) => ({ runs: [...runs, runOf(comment, { status: 'RUNNING' })] }),
    ],
    ['duplicate effects', 'a lost event that notified twice', ({ notices }) => ({ notices: [...notices, ...notices] })],
    ['duplicate effects', 'a lost event whose e-mail came twice', ({ mails }) => ({ mails: [...mails, ...mails] })],
    [
      'transactions happened whole or not at all',
      'a lost transaction of which a row is there',
      ({ rows }) => ({ rows: [...rows, ...healthyEvidence().rows.filter(({ id }) => id === comment.id)] }),
    ],
    [
      'lost',
      'a row that is gone and that no restore took',
      ({ truth }) => ({ unaccounted: [`${truth.events.length}`] }),
    ],
  ])('%s: finds %s', (promise, _, change) => {
    const evidence = restoredRun(comment);
    expect(broken({ ...evidence, ...change(evidence) })).toContain(promise);
  });

  it('finds a sequence that was given out again: the next event stands behind a lost one that has its number or a greater one', () => {
    const evidence = restoredRun(created);
    const messages = evidence.messages.map((message) =>
      message.headers['event_id'] === created.id
        ? messageOf(created, { headers: { ...message.headers, sequence: String(doubtful.sequence) } })
        : message,
    );
    expect(broken({ ...evidence, messages })).toContain('out of order on Kafka');
  });

  it('finds a post that comes back on Kafka after its delete, though the row of its creation is lost', () => {
    const evidence = restoredRun(short);
    const late = evidence.messages.map((message) =>
      message.headers['event_id'] === short.id ? { ...message, offset: deleted.sequence + 99 } : message,
    );
    expect(broken({ ...evidence, messages: late })).toContain('resurrected deletes');
  });

  it('finds a notice of a lost event whose post is deleted, and that was not taken back', () => {
    const evidence = restoredRun(comment);
    const posts = new Map([...evidence.truth.posts].map(([id, post]) => [id, { ...post, status: 'deleted' }]));
    expect(broken({ ...evidence, truth: { ...evidence.truth, posts } })).toContain('resurrected deletes');
  });
});
