import { type EventType } from '../../../contracts/catalogue';
import { type ServiceName } from '../../../proof/services';

/** An event as its writer knows it. */
export interface WrittenEvent {
  readonly id: string;
  readonly type: EventType;
  /** What the service wrote: it can look it up when its database has lost it. */
  readonly payload?: Readonly<Record<string, unknown>>;
}

/**
 * What a writer knows of its transaction:
 * - `committed`: COMMIT was answered
 * - `rolled back`: COMMIT was never sent, or was refused; its events must never be heard of
 * - `in doubt`: COMMIT was sent, and its reply was lost; all of it happened or nothing
 */
export type Fate = 'committed' | 'rolled back' | 'in doubt';

export interface WrittenTransaction {
  /** Number of the transaction in this run, also in `business.transactions` of its database. */
  readonly tx: number;
  /** Whose database it was in. Work in several databases is one transaction in each, and each has a fate of its own. */
  readonly service?: ServiceName | undefined;
  readonly fate: Fate;
  readonly events: readonly WrittenEvent[];
  /** Epoch milliseconds, with fractions, right before COMMIT was sent; of a rollback, when it was written down. */
  readonly atMs: number;
}

/** The writers' own books of a run: what they committed, and nothing the product said. */
export interface Books {
  readonly transactions: readonly WrittenTransaction[];
  /** People with an address that was known to the product before the rest began. */
  readonly reachable: ReadonlySet<string>;
}

/** One line of the books' file. */
export type BooksLine =
  | {
      readonly says: 'committing';
      readonly tx: number;
      readonly service?: ServiceName | undefined;
      readonly atMs: number;
      readonly events: readonly WrittenEvent[];
    }
  | { readonly says: 'committed' | 'in doubt'; readonly tx: number }
  | {
      readonly says: 'rolled back';
      readonly tx: number;
      readonly service?: ServiceName | undefined;
      readonly atMs: number;
      readonly events: readonly WrittenEvent[];
      readonly why: string;
    }
  | { readonly says: 'reachable'; readonly people: readonly string[] };

/** The books as the lines say. A writer that died between `committing` and the reply left a transaction in doubt. */
export function booksFrom(lines: Iterable<BooksLine>): Books {
  const transactions = new Map<number, WrittenTransaction>();
  const reachable = new Set<string>();
  for (const line of lines) {
    switch (line.says) {
      case 'reachable':
        for (const person of line.people) reachable.add(person);
        break;
      case 'committing':
        transactions.set(line.tx, transactionOf(line, 'in doubt'));
        break;
      case 'rolled back':
        transactions.set(line.tx, transactionOf(line, 'rolled back'));
        break;
      default: {
        const known = transactions.get(line.tx);
        if (known === undefined) throw new Error(`the books end transaction ${line.tx}, which never began`);
        transactions.set(line.tx, { ...known, fate: line.says });
      }
    }
  }
  return { transactions: [...transactions.values()], reachable };
}

function transactionOf(
  { tx, service, events, atMs }: Omit<WrittenTransaction, 'fate'>,
  fate: Fate,
): WrittenTransaction {
  return { tx, fate, events, atMs, ...(service === undefined ? {} : { service }) };
}

export interface BooksCounts {
  /** Transactions. */
  readonly transactions: number;
  /** Events of committed transactions. */
  readonly committed: number;
  /** Events of transactions that were rolled back. */
  readonly rolledBack: number;
  /** Transactions whose COMMIT was never answered. */
  readonly inDoubt: number;
}

export function countBooks({ transactions }: Pick<Books, 'transactions'>): BooksCounts {
  const events = (fate: Fate) =>
    transactions.reduce((sum, one) => sum + (one.fate === fate ? one.events.length : 0), 0);
  return {
    transactions: transactions.length,
    committed: events('committed'),
    rolledBack: events('rolled back'),
    inDoubt: transactions.filter(({ fate }) => fate === 'in doubt').length,
  };
}
