import { type Ledger, type LedgerTransaction } from '../traffic/ledger';

/** What became of every event, once the marks have told what happened to the transactions in doubt. */
export interface Fates {
  readonly happened: ReadonlyMap<string, LedgerTransaction>;
  /** Of transactions that did not happen: never to be heard of. */
  readonly never: ReadonlySet<string>;
}

/** By the writers' answers; where those were lost, by the mark that the transaction left or not. */
export function fatesOf(ledger: Pick<Ledger, 'transactions'>, marks: ReadonlySet<number>): Fates {
  const happened = new Map<string, LedgerTransaction>();
  const never = new Set<string>();
  for (const transaction of ledger.transactions) {
    const { fate, tx, events } = transaction;
    const did = fate === 'committed' || (fate === 'in doubt' && marks.has(tx));
    for (const { id } of events) {
      if (did) happened.set(id, transaction);
      else never.add(id);
    }
  }
  return { happened, never };
}
