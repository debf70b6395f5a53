import { type PriorityName, priorityName, priorityNames } from '../../../contracts/priority';
import { groupBy } from '../../../runtime/group-by';
import { type TrueEvent } from '../../../proof/checks/truth';
import { percentiles } from '../../../proof/report/percentiles';
import { type StallRow } from '../types';
import { type OutboxRow } from '../../../proof/checks/evidence';

/** Per priority: from right before COMMIT was sent, by the writers, to the marks in the table. */
export function stallsOf(events: readonly TrueEvent[], rows: readonly OutboxRow[]): StallRow[] {
  const marks = new Map(rows.map((row) => [row.id, row]));
  const byPriority = groupBy(events, ({ priority }): PriorityName => priorityName(priority));
  return priorityNames.flatMap((priority) => {
    const ofPriority = byPriority.get(priority) ?? [];
    const since = (at: (row: OutboxRow) => number | null): number[] =>
      ofPriority.flatMap(({ id, committedAtMs }) => {
        const row = marks.get(id);
        const time = row === undefined ? null : at(row);
        return time === null ? [] : [Math.max(0, time - committedAtMs)];
      });
    const starts = percentiles(since(({ publishedAtMs }) => publishedAtMs));
    const emits = percentiles(since(({ emittedAtMs }) => emittedAtMs));
    if (starts === undefined) return [];
    return [
      {
        priority,
        events: ofPriority.length,
        startP50Ms: starts.p50,
        startP99Ms: starts.p99,
        longestStartMs: starts.max,
        longestEmitMs: emits?.max ?? 0,
      },
    ];
  });
}
