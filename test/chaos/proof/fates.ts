import { type Books, type WrittenTransaction } from '../traffic/books';
import { type Losses } from './losses';

/** What became of every event, once the marks have shown what happened to the transactions in doubt. */
export interface Fates {
  readonly happened: ReadonlyMap<string, WrittenTransaction>;
  /** Of transactions that did not happen: never to be heard of. */
  readonly never: ReadonlySet<string>;
}

/**
 * By the replies that the writers got; where a reply was lost, by whether the transaction left its mark. Those that a restore took
 * happened, or may have: they are neither.
 */
export function fatesOf(
  books: Pick<Books, 'transactions'>,
  marks: ReadonlySet<number>,
  lost: Losses['transactions'] = new Set(),
): Fates {
  const happened = new Map<string, WrittenTransaction>();
  const never = new Set<string>();
  for (const transaction of books.transactions) {
    const { fate, tx, events } = transaction;
    if (lost.has(tx)) continue;
    const did = fate === 'committed' || (fate === 'in doubt' && marks.has(tx));
    for (const { id } of events) {
      if (did) happened.set(id, transaction);
      else never.add(id);
    }
  }
  return { happened, never };
}
