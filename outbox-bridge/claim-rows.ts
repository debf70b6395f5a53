import { randomUUID } from 'node:crypto';
import { definitionOf } from '../contracts/catalogue';
import { faultPoint } from '../runtime/fault-points';
import { type BridgeDeps } from './bridge-deps';
import { type SeriesLength } from './claim-progress';
import { type Lanes } from './lanes';
import { type ClaimedRow } from './ports';

export interface Claimed {
  readonly rows: readonly ClaimedRow[];
  /** Milliseconds of `deps.now`. */
  readonly leasedAtMs: number;
  /** Milliseconds until the reply was there. */
  readonly tookMs: number;
}

/** One claim. No rows: nothing that these lanes may have waits, or other bridges hold it. */
export async function claimRows(deps: BridgeDeps, seriesLength: SeriesLength, lanes: Lanes): Promise<Claimed> {
  const { store, leaseMs, pauses, paces, metrics, now } = deps;
  const askedAtMs = now();
  const series = Math.max(1, Math.min(seriesLength.rows, paces.room()));
  const rows = await store.claim({
    token: randomUUID(),
    leaseMs,
    lanes,
    maxRows: lanes.heads * 4 + series,
    maxSeries: series,
    pausedSpellings: [...pauses.spellings(), ...paces.held()],
  });
  if (rows.length > 0) {
    metrics.claimed.inc(rows.length);
    for (const { eventType } of rows) {
      const type = definitionOf(eventType)?.type;
      if (type !== undefined) paces.claimed(type);
    }
    await faultPoint('bridge.claimed');
  }
  // The lease began no earlier than this: a slow claim can be used, and a reply that took long does not count as new.
  return { rows, leasedAtMs: askedAtMs + Math.min(...rows.map(({ claimMs }) => claimMs)), tookMs: now() - askedAtMs };
}
