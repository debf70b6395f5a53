import { aloneAfterClaims } from '../outbox/thresholds';
import { type ClaimedRow } from './ports';

/** The rows of a claim, one series per aggregate, in the order of their sequence; the one with the most urgent head first. */
export function seriesOf(rows: readonly ClaimedRow[]): ClaimedRow[][] {
  const byAggregate = new Map<string, ClaimedRow[]>();
  for (const row of rows) byAggregate.set(row.aggregateId, [...(byAggregate.get(row.aggregateId) ?? []), row]);
  const all = [...byAggregate.values()].map((series) => series.sort((a, b) => a.sequence - b.sequence));
  const head = (series: readonly ClaimedRow[]) => series[0] as ClaimedRow;
  return all.sort((a, b) => head(a).priority - head(b).priority || head(a).sequence - head(b).sequence);
}

/** Whether one of them may kill the process. */
export function hasSuspect(rows: readonly ClaimedRow[]): boolean {
  return rows.some((row) => row.unfinishedClaims >= aloneAfterClaims);
}
