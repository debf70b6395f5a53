import { type ClaimedRow } from './ports';

/** Groups a claim by aggregate, each in the order of its sequence; the most urgent head first. */
export function runsOf(rows: readonly ClaimedRow[]): ClaimedRow[][] {
  const byAggregate = new Map<string, ClaimedRow[]>();
  for (const row of rows) byAggregate.set(row.aggregateId, [...(byAggregate.get(row.aggregateId) ?? []), row]);
  const runs = [...byAggregate.values()].map((run) => run.sort((a, b) => a.sequence - b.sequence));
  const head = (run: readonly ClaimedRow[]) => run[0] as ClaimedRow;
  return runs.sort((a, b) => head(a).priority - head(b).priority || head(a).sequence - head(b).sequence);
}
