import { type Books, type WrittenTransaction } from '../traffic/books';

/** What became of every event, once the marks have shown what happened to the transactions in doubt. */
export interface Fates {
  readonly happened: ReadonlyMap<string, WrittenTransaction>;
  /** Of transactions that did not happen: never to be heard of. */
  readonly never: ReadonlySet<string>;
}

/** By the replies that the writers got; where a reply was lost, by whether the transaction left its mark. */
export function fatesOf(books: Pick<Books, 'transactions'>, marks: ReadonlySet<number>): Fates {
  const happened = new Map<string, WrittenTransaction>();
  const never = new Set<string>();
  for (const transaction of books.transactions) {
    const { fate, tx, events } = transaction;
    const did = fate === 'committed' || (fate === 'in doubt' && marks.has(tx));
    for (const { id } of events) {
      if (did) happened.set(id, transaction);
      else never.add(id);
    }
  }
  return { happened, never };
}
