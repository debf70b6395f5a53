import { randomUUID } from 'node:crypto';
import { lanesFor } from '../../../outbox-bridge/lanes';
import { type PgOutboxStore } from '../../../outbox-bridge/pg-outbox-store';
import { type ClaimRequest, type ClaimedRow, type Settlement } from '../../../outbox-bridge/ports';

/** What a bridge asks for whose window is open and whose starts are fast. */
export function bridgeRequest(overrides: Partial<ClaimRequest> = {}): ClaimRequest {
  const lanes = lanesFor(32, 0);
  const maxSeries = 200;
  return {
    token: randomUUID(),
    leaseMs: 15_000,
    lanes,
    maxRows: lanes.heads * 4 + maxSeries,
    maxSeries,
    pausedSpellings: [],
    ...overrides,
  };
}

export const asStarted = (row: ClaimedRow): Settlement => ({ kind: 'started', row });

/** A bridge keeps its connections: the first claim of each, which plans, is not what its p99 is about. */
const firstOnes = 5;

/**
 * Claims one after another, each batch settled before the next. Returns how long each claim took, milliseconds, but for the
 * first ones, and how many rows all of them took.
 */
export async function timeClaims(
  store: PgOutboxStore,
  claims: number,
  overrides: Partial<ClaimRequest> = {},
): Promise<{ ms: number[]; rows: number }> {
  const ms: number[] = [];
  let rows = 0;
  for (let i = 0; i < firstOnes + claims; i++) {
    const begun = performance.now();
    const claimed = await store.claim(bridgeRequest(overrides));
    if (i >= firstOnes) ms.push(performance.now() - begun);
    rows += claimed.length;
    await store.settle(claimed.map(asStarted));
  }
  return { ms, rows };
}
