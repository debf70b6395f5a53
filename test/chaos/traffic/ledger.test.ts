import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { countLedger, ledgerFrom } from './ledger';
import { LedgerFile, ledgerPath, readLedger } from './ledger-file';

const event = (id: string) => ({ id, type: 'follow.added' as const });

describe('the books of the writers', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'ledger-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  it('say of every transaction what its writer knows', () => {
    const file = new LedgerFile(ledgerPath(folder));
    const [committed, rolledBack, doubtful] = [file.begin(), file.begin(), file.begin()];
    file.areReachable(['a person']);
    file.committing(committed, 1, [event('a'), event('b')]);
    file.isRolledBack(rolledBack, 2, [event('c')], 'planned');
    file.committing(doubtful, 3, [event('d')]);
    file.isCommitted(committed, [event('a'), event('b')]);
    file.isInDoubt(doubtful, [event('d')]);
    const ledger = readLedger(folder);
    expect(ledger.transactions.map(({ tx, fate, atMs }) => [tx, fate, atMs])).toEqual([
      [committed, 'committed', 1],
      [rolledBack, 'rolled back', 2],
      [doubtful, 'in doubt', 3],
    ]);
    expect([...ledger.reachable]).toEqual(['a person']);
    expect(countLedger(ledger)).toEqual({ transactions: 3, committed: 2, rolledBack: 1, inDoubt: 1 });
  });

  it('call a transaction in doubt when its writer died before the answer', () => {
    const file = new LedgerFile(ledgerPath(folder));
    file.committing(file.begin(), 1, [event('a')]);
    expect(readLedger(folder).transactions).toMatchObject([{ fate: 'in doubt' }]);
  });

  it('know a COMMIT that the server answered with ROLLBACK', () => {
    const about = { tx: 1, atMs: 1, events: [event('a')] };
    const ledger = ledgerFrom([
      { says: 'committing', ...about },
      { says: 'rolled back', ...about, why: 'COMMIT answered ROLLBACK' },
    ]);
    expect(ledger.transactions).toMatchObject([{ fate: 'rolled back' }]);
  });

  it('refuse an end without a beginning', () => {
    appendFileSync(ledgerPath(folder), `${JSON.stringify({ says: 'committed', tx: 9 })}\n`);
    expect(() => readLedger(folder)).toThrow('never began');
  });
});
