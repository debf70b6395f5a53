import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { countBooks, booksFrom } from './books';
import { longestOf, standstillRow, standstillsOf } from './standstill';
import { type FaultRecord, type Target } from '../types';
import { BooksFile, booksPath, readBooks } from './books-file';

const event = (id: string) => ({ id, type: 'follow.added' as const });

describe('the books of the writers', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'books-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  it('say of every transaction what its writer knows', () => {
    const file = new BooksFile(booksPath(folder));
    const [committed, rolledBack, doubtful] = [file.begin(), file.begin(), file.begin()];
    file.areReachable(['a person']);
    file.committing(committed, 1, [event('a'), event('b')]);
    file.isRolledBack(rolledBack, 2, [event('c')], 'planned');
    file.committing(doubtful, 3, [event('d')]);
    file.isCommitted(committed, [event('a'), event('b')]);
    file.isInDoubt(doubtful, [event('d')]);
    const books = readBooks(folder);
    expect(books.transactions.map(({ tx, fate, atMs }) => [tx, fate, atMs])).toEqual([
      [committed, 'committed', 1],
      [rolledBack, 'rolled back', 2],
      [doubtful, 'in doubt', 3],
    ]);
    expect([...books.reachable]).toEqual(['a person']);
    expect(countBooks(books)).toEqual({ transactions: 3, committed: 2, rolledBack: 1, inDoubt: 1 });
  });

  it('call a transaction in doubt when its writer died before the reply', () => {
    const file = new BooksFile(booksPath(folder));
    file.committing(file.begin(), 1, [event('a')]);
    expect(readBooks(folder).transactions).toMatchObject([{ fate: 'in doubt' }]);
  });

  it('know a COMMIT that the server answered with ROLLBACK', () => {
    const about = { tx: 1, atMs: 1, events: [event('a')] };
    const books = booksFrom([
      { says: 'committing', ...about },
      { says: 'rolled back', ...about, why: 'COMMIT got ROLLBACK' },
    ]);
    expect(books.transactions).toMatchObject([{ fate: 'rolled back' }]);
  });

  it('refuse an end without a beginning', () => {
    appendFileSync(booksPath(folder), `${JSON.stringify({ says: 'committed', tx: 9 })}\n`);
    expect(() => readBooks(folder)).toThrow('never began');
  });
});

describe('writers that stood still', () => {
  const minutes = (count: number): number => count * 60_000;
  const committedAt = (...times: readonly number[]) => ({
    transactions: times.map((atMs, tx) => ({ tx, fate: 'committed' as const, atMs, events: [event(`${tx}`)] })),
  });
  const fault = (target: Target, beganAtMs: number, endedAtMs: number): FaultRecord => ({
    fault: { atMs: 0, target, index: 0, kind: 'kill', durationMs: endedAtMs - beganAtMs },
    beganAtMs,
    endedAtMs,
    recoveredMs: null,
  });
  const found = (books: ReturnType<typeof committedAt>, faults: readonly FaultRecord[] = []) => {
    const standstills = standstillsOf({ books, faults, fromMs: 0, untilMs: minutes(10) });
    return { longest: longestOf(standstills), row: standstillRow(standstills, 5) };
  };
  const everyMinuteBut = (...left: readonly number[]) =>
    committedAt(...[1, 2, 3, 4, 5, 6, 7, 8, 9].filter((minute) => !left.includes(minute)).map(minutes));

  it('are no violation while events are committed all the time', () => {
    expect(found(everyMinuteBut())).toMatchObject({ longest: { lengthMs: minutes(1) }, row: { violations: 0 } });
  });

  it.each([
    ['in the middle', everyMinuteBut(4, 5), minutes(3)],
    ['from the beginning', everyMinuteBut(1, 2), 0],
    ['until the end', everyMinuteBut(8, 9), minutes(7)],
    ['all the time', committedAt(), 0],
  ])('are a violation when no fault explains it: %s', (_, books, fromMs) => {
    const { longest, row } = found(books, [fault('kafka', 0, minutes(10)), fault('bridge', 0, minutes(10))]);
    expect(longest.fromMs).toBe(fromMs);
    expect(row.violations).toBe(1);
    expect(row.examples[0]).toContain(new Date(fromMs).toISOString());
  });

  it('count only what a fault on their way to the database leaves, and overlapping faults once', () => {
    const faults = [
      fault('postgres', minutes(3), minutes(5)),
      fault('pgbouncer', minutes(4), minutes(5)),
      fault('pgbouncer', minutes(9), minutes(10)),
    ];
    const { longest, row } = found(everyMinuteBut(4, 5), faults);
    expect(longest).toEqual({ fromMs: minutes(3), lengthMs: minutes(3), unexplainedMs: minutes(1) });
    expect(row.violations).toBe(0);
    expect(found(everyMinuteBut(4, 5), faults.slice(1)).row.violations).toBe(1);
  });

  it('are not moved by what was rolled back, by an empty transaction, and by commits before the faults', () => {
    const idle = [
      { tx: 1, fate: 'rolled back' as const, atMs: minutes(5), events: [event('a')] },
      { tx: 2, fate: 'committed' as const, atMs: minutes(5), events: [] },
      { tx: 3, fate: 'committed' as const, atMs: -minutes(1), events: [event('b')] },
    ];
    expect(standstillsOf({ books: { transactions: idle }, faults: [], fromMs: 0, untilMs: minutes(10) })).toEqual([
      { fromMs: 0, lengthMs: minutes(10), unexplainedMs: minutes(10) },
    ]);
  });
});
