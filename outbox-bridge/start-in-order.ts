import { faultPoint } from '../runtime/fault-points';
import { withTraceId } from '../runtime/traces';
import { attemptStart } from './attempt';
import { applyOutcome } from './apply-outcome';
import { type BridgeDeps } from './bridge-deps';
import { type SeriesLength } from './claim-progress';
import { type ClaimedRow, type Settlement } from './ports';
import { type Settler } from './settler';
import { tracedStart } from './traced-start';

/**
 * Starts the rows of one aggregate one after another, up to the first that must wait; what is behind it is given back. Resolves
 * with the number of rows that were tried.
 */
export async function startInOrder(
  deps: BridgeDeps,
  loop: { readonly settler: Settler; readonly seriesLength: SeriesLength; readonly givesBack: () => boolean },
  rows: readonly ClaimedRow[],
  leasedAtMs: number,
): Promise<number> {
  const { settler, seriesLength, givesBack } = loop;
  const leaseEndsMs = leasedAtMs + deps.leaseMs;
  // Local time only ends our own claim earlier than the database would.
  const lastStartMs = leasedAtMs + deps.leaseMs / 2;
  let [blocked, tried] = [false, 0];
  for (const [i, row] of rows.entries()) {
    const beganMs = deps.now();
    blocked ||= givesBack() || deps.outage.active !== undefined || beganMs > lastStartMs;
    if (blocked) {
      settler.add({ kind: 'released', row }, leaseEndsMs);
      continue;
    }
    tried += 1;
    await faultPoint('bridge.before-start');
    let cause = row.traceparent;
    const attempt = await tracedStart(row, { ...deps, claimedMs: leasedAtMs }, (parent) => {
      cause = parent;
      return attemptStart(row, deps, parent);
    });
    await faultPoint('bridge.started');
    const tookMs = deps.now() - beganMs;
    seriesLength.took(tookMs);
    if (attempt.settlement.kind === 'started' && attempt.eventType !== undefined) deps.paces.started(attempt.eventType);
    withTraceId(cause, () => applyOutcome(deps, row, attempt, tookMs));
    blocked = mustWait(attempt.settlement);
    settler.add(attempt.settlement, leaseEndsMs, !blocked && i < rows.length - 1);
  }
  return tried;
}

/**
 * A row that Temporal does not have holds back the later ones of its aggregate. Even one given up: until that is written, a
 * crash brings it back, and Temporal may accept then what it refused now.
 */
function mustWait(settlement: Settlement): boolean {
  return settlement.kind !== 'started' && settlement.kind !== 'repeated';
}
