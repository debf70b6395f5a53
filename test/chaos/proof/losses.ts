import { type ServiceName } from '../../../proof/services';
import { type Books, type WrittenEvent, type WrittenTransaction } from '../traffic/books';
import { type Restore } from '../types';

/** An event whose row a restore took; what its service had written is gone as well. */
export interface LostEvent extends WrittenEvent {
  readonly service: ServiceName;
}

/** What restores took by the administrator's act, and nothing else may be missing. */
export interface Losses {
  /** Numbers of transactions that happened, or may have, after the copy was made, and that are gone with what they wrote. */
  readonly transactions: ReadonlySet<number>;
  readonly events: ReadonlyMap<string, LostEvent>;
  /** Sentences: what was surely written after the copy, and is still there. Then nothing was restored. */
  readonly kept: readonly string[];
}

export const noLosses: Losses = { transactions: new Set(), events: new Map(), kept: [] };

/** By the writers' books, the marks that are in the tables, and the moments of the restores. */
export function lossesOf(
  books: Pick<Books, 'transactions'>,
  marks: ReadonlySet<number>,
  restores: readonly Restore[],
): Losses {
  const transactions = new Set<number>();
  const events = new Map<string, LostEvent>();
  const kept: string[] = [];
  for (const one of books.transactions) {
    const { tx, service, fate } = one;
    if (service === undefined || fate === 'rolled back') continue;
    const own = restores.filter(({ outbox }) => outbox === service);
    if (marks.has(tx)) {
      if (own.some((restore) => isSurelyGone(one, restore)))
        kept.push(`transaction ${tx} of ${service} was committed after the copy, and is there after the restore`);
    } else if (own.some((restore) => mayBeGone(one, restore))) {
      transactions.add(tx);
      for (const event of one.events) events.set(event.id, { ...event, service });
    }
  }
  return { transactions, events, kept };
}

/** COMMIT may have been sent before the server was stopped for the copy. */
function mayBeGone({ atMs }: WrittenTransaction, { stoppedAtMs, openAtMs }: Restore): boolean {
  return atMs >= stoppedAtMs && atMs <= openAtMs;
}

/** COMMIT was sent to the server that was killed afterwards, and got its reply. */
function isSurelyGone({ atMs, fate }: WrittenTransaction, { copiedAtMs, killedAtMs }: Restore): boolean {
  return fate === 'committed' && atMs > copiedAtMs && atMs < killedAtMs;
}
