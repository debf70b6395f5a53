import { type Evidence } from './evidence';
import { noLosses } from './losses';

/** Every transaction, answered or in doubt, happened as a whole or not at all: its mark and all its events. */
export function halfCommitted({
  books,
  marks,
  rows,
  losses = noLosses,
}: Pick<Evidence, 'books' | 'marks' | 'rows'> & Partial<Pick<Evidence, 'losses'>>): string[] {
  const present = new Set(rows.map(({ id }) => id));
  return books.transactions.flatMap(({ tx, fate, events }) => {
    const there = events.filter(({ id }) => present.has(id)).length;
    const parts = there + (marks.has(tx) ? 1 : 0);
    const whole = events.length + 1;
    if (losses.transactions.has(tx))
      return parts === 0 ? [] : [`transaction ${tx}: of ${whole} rows that a restore took, ${parts} are there`];
    const expected = fate === 'committed' ? [whole] : fate === 'rolled back' ? [0] : [0, whole];
    if (expected.includes(parts)) return [];
    const what = events.map(({ id }) => id).join(', ');
    return [`transaction ${tx} (${fate}): ${parts} of ${whole} of its rows are there; events ${what}`];
  });
}
