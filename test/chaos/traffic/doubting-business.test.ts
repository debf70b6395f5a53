import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Pool } from 'pg';
import { servicePools } from '../../../proof/services';
import { Random } from '../../../proof/traffic/random';
import { type Transaction } from '../../../proof/traffic/business';
import { createTestDatabase, patient, type TestDatabase } from '../../support/database';
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy';
import { waitFor } from '../../support/wait-for';
import { fatesOf } from '../proof/fates';
import { halfCommitted } from '../proof/halves';
import { readOutbox } from '../../../proof/observe/read-tables';
import { readMarks } from '../proof/read-tables';
import { DoubtingBusiness } from './doubting-business';
import { type Fate } from './books';
import { BooksFile, booksPath, readBooks } from './books-file';
import { openWritersPool } from './writers-pool';

/** Neither its rollbacks nor its other whims: every chance is missed. */
class Plain extends Random {
  override chance(): boolean {
    return false;
  }
  override fork(): Random {
    return new Plain(1);
  }
}

const followed = () => ({
  type: 'follow.added' as const,
  payload: { follower_id: randomUUID(), followee_id: randomUUID() },
});

describe('the writers of a chaos run', () => {
  let database: TestDatabase;
  let proxy: FaultProxy;
  let pool: Pool;
  let folder: string;
  let business: DoubtingBusiness;

  beforeAll(async () => {
    database = await createTestDatabase();
    await database.pool.query('CREATE SCHEMA business');
    await database.pool.query('CREATE TABLE business.transactions (tx bigint PRIMARY KEY)');
    const url = new URL(database.url);
    proxy = await startFaultProxy({ host: url.hostname, port: Number(url.port) });
    url.hostname = '127.0.0.1';
    url.port = String(proxy.port);
    pool = patient(openWritersPool(url.href));
  });
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'writers-'));
    business = new DoubtingBusiness(
      servicePools(() => pool),
      new BooksFile(booksPath(folder)),
    );
    await database.pool.query('TRUNCATE business.transactions, outbox_events');
  });
  afterEach(() => {
    proxy.set('pass');
    rmSync(folder, { recursive: true });
  });
  afterAll(async () => {
    await pool.end();
    await proxy.close();
    await database.drop();
  });

  /** One transaction with two events; returns what the writer thinks, and what the tables say. */
  async function transact(atTheEnd: (tx: Transaction) => Promise<void> | void, during = async () => {}) {
    const running = business.transaction(new Plain(1), async (tx) => {
      await tx.publish(followed());
      await tx.publish(followed());
      await atTheEnd(tx);
    });
    await during();
    const surely = await running;
    const books = readBooks(folder);
    const [marks, rows] = [await readMarks(database.pool), await readOutbox(database.pool, () => undefined)];
    const fates: Fate[] = books.transactions.map(({ fate }) => fate);
    const { happened, never } = fatesOf(books, marks);
    const halves = halfCommitted({ books, marks, rows });
    return { surely, fates, rows: rows.length, happened: happened.size, never: never.size, halves };
  }

  it('know what was committed', async () => {
    const seen = await transact(() => undefined);
    expect(seen).toEqual({ surely: true, fates: ['committed'], rows: 2, happened: 2, never: 0, halves: [] });
  });

  it('roll back what fails before COMMIT is sent', async () => {
    const seen = await transact(async (tx) => {
      proxy.set('reset');
      await tx.query('SELECT 1', []);
    });
    expect(seen).toEqual({ surely: false, fates: ['rolled back'], rows: 0, happened: 0, never: 2, halves: [] });
  });

  it('are in doubt when COMMIT was sent in vain, and the tables say that it did not happen', async () => {
    const seen = await transact(() => proxy.set('reset'));
    expect(seen).toEqual({ surely: false, fates: ['in doubt'], rows: 0, happened: 0, never: 2, halves: [] });
  });

  it('are in doubt when the answer of COMMIT was lost, and the tables say that it happened', async () => {
    const seen = await transact(
      () => proxy.set('deaf'),
      async () => {
        await waitFor(async () => (await readMarks(database.pool)).size === 1, { what: 'the mark of the transaction' });
        proxy.set('reset');
      },
    );
    expect(seen).toEqual({ surely: false, fates: ['in doubt'], rows: 2, happened: 2, never: 0, halves: [] });
  });

  it('fail loudly on a mistake of their own', async () => {
    const wrong = business.transaction(new Plain(1), async (tx) => {
      await tx.query('SELECT nonsense', []);
    });
    await expect(wrong).rejects.toThrow('nonsense');
    expect(readBooks(folder).transactions).toMatchObject([{ fate: 'rolled back' }]);
  });
});
