import { type EventType } from '../../../contracts/catalogue';

/** An event as its writer knows it. */
export interface WrittenEvent {
  readonly id: string;
  readonly type: EventType;
}

/**
 * What a writer knows of its transaction:
 * - `committed`: COMMIT was answered
 * - `rolled back`: COMMIT was never sent, or was refused; its events must never be heard of
 * - `in doubt`: COMMIT was sent, and its reply was lost; all of it happened or nothing
 */
export type Fate = 'committed' | 'rolled back' | 'in doubt';

export interface WrittenTransaction {
  /** Number of the transaction in this run, also in `business.transactions`. */
  readonly tx: number;
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
      readonly atMs: number;
      readonly events: readonly WrittenEvent[];
    }
  | { readonly says: 'committed' | 'in doubt'; readonly tx: number }
  | {
      readonly says: 'rolled back';
      readonly tx: number;
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
        transactions.set(line.tx, { tx: line.tx, fate: 'in doubt', events: line.events, atMs: line.atMs });
        break;
      case 'rolled back':
        transactions.set(line.tx, { tx: line.tx, fate: 'rolled back', events: line.events, atMs: line.atMs });
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
