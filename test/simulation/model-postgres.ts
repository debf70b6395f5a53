import { type ClaimRequest, type ClaimedRow, type Settlement } from '../../outbox-bridge/ports';
import { aloneAfterClaims, unreadAfterClaims } from '../../outbox/thresholds';
import { maxPayloadBytes } from '../../contracts/parse-event';
import { type HeadBreaks, ModelHeads } from './model-heads';

type WrittenOnce =
  | ('id' | 'aggregateId' | 'aggregateType' | 'eventType' | 'sequence' | 'priority')
  | ('payload' | 'payloadBytes' | 'createdAt' | 'createdAtMs');

/** A row of outbox_events as far as the bridge is concerned. Times are milliseconds of the model's own clock. */
export interface ModelRow extends Pick<ClaimedRow, WrittenOnce> {
  nextAttemptAt: number;
  firstAttemptAt: number | undefined;
  claimCount: number;
  unfinishedClaims: number;
  retryCount: number;
  leaseToken: string | undefined;
  leaseUntil: number | undefined;
  lastError: string | undefined;
  publishedAt: number | undefined;
  deadLetteredAt: number | undefined;
}

/** What may be left out of the model on purpose, to show that the simulation notices. */
export interface ModelBreaks extends HeadBreaks {
  readonly settleWithoutToken?: boolean;
  readonly claimWithoutHeadTest?: boolean;
  readonly claimIgnoresLeases?: boolean;
  /** The mark is written with the claim, before the start. */
  readonly claimMarks?: boolean;
}

/** As in outbox_claim: no back-off is longer. */
const longestRestMs = 360_000;

/**
 * The outbox table and its two statements, outbox_claim of migrations/outbox/functions and outbox/bridge.sql.ts,
 * line by line. Statements are atomic; the differential test holds this model to the real server.
 */
export class ModelPostgres {
  /** Committed rows, by id. */
  readonly rows = new Map<string, ModelRow>();
  readonly heads: ModelHeads;

  constructor(
    private readonly now: () => number,
    private readonly breaks: ModelBreaks = {},
  ) {
    const hasPending = (id: string): boolean => this.pending().some(({ aggregateId }) => aggregateId === id);
    this.heads = new ModelHeads(hasPending, breaks);
  }

  /** A row of a transaction that commits at once. */
  insert(row: ModelRow): void {
    this.rows.set(row.id, row);
    this.heads.make(row.aggregateId);
  }

  /** The database as it is now: the result brings it back to that, and returns the rows that are gone then. */
  moment(): () => ModelRow[] {
    const rows = [...this.rows.values()].map((row) => ({ ...row }));
    const heads = this.heads.moment();
    return () => {
      const now = [...this.rows.values()];
      this.rows.clear();
      for (const row of rows) this.rows.set(row.id, { ...row });
      this.heads.restore(heads);
      return now.filter(({ id }) => !this.rows.has(id));
    };
  }

  isPending(row: ModelRow): boolean {
    return row.publishedAt === undefined && row.deadLetteredAt === undefined;
  }

  pending(): ModelRow[] {
    return [...this.rows.values()].filter((row) => this.isPending(row)).sort(bySequence);
  }

  /**
   * Rows a claim would take now. SQL cuts rows of the same position in any order; `preferred` are the ones that the real
   * server took, so that the model cuts alike.
   */
  claimable(request: ClaimRequest, preferred: ReadonlySet<string> = new Set()): ModelRow[] {
    const { lanes, maxRows, pausedSpellings } = request;
    const now = this.now();
    const pending = this.pending();
    if (pending.length === 0) return [];
    // What ends later than any lease or back-off may last was written by a clock that has been set back since.
    const isOver = (until: number): boolean => until < now || until > now + Math.max(request.leaseMs, longestRestMs);
    const mayRun = (row: ModelRow): boolean =>
      (row.nextAttemptAt === now || isOver(row.nextAttemptAt)) &&
      (row.leaseUntil === undefined || isOver(row.leaseUntil) || this.breaks.claimIgnoresLeases === true) &&
      !pausedSpellings.includes(row.eventType);
    const isSuspect = (row: ModelRow): boolean => row.unfinishedClaims >= aloneAfterClaims;
    const seen = new Set<string>();
    const isHead = new Set(
      pending.filter(({ aggregateId }) => {
        const first = !seen.has(aggregateId);
        seen.add(aggregateId);
        return (first && this.heads.isFound(aggregateId)) || this.breaks.claimWithoutHeadTest === true;
      }),
    );
    const laneHeads = lanes.perPriority.flatMap((limit, priority) =>
      pending
        .filter((row) => row.priority === priority && mayRun(row) && isHead.has(row))
        .slice(0, limit)
        .map((row, i) => ({ row, withinFloor: i + 1 <= lanes.floor })),
    );
    const suspect = laneHeads
      .map(({ row }) => row)
      .filter(isSuspect)
      .sort(bySequence)[0];
    if (suspect !== undefined) return [suspect].slice(0, Math.min(lanes.heads, maxRows));
    const heads = laneHeads
      .sort(
        (a, b) =>
          Number(b.withinFloor) - Number(a.withinFloor) || a.row.priority - b.row.priority || bySequence(a.row, b.row),
      )
      .slice(0, lanes.heads)
      .map(({ row }) => row);
    const placed = heads.flatMap((head) => {
      const successors = pending
        .filter((row) => row.aggregateId === head.aggregateId && row.sequence > head.sequence)
        .slice(0, (request.maxSeries ?? 9) - 1);
      const blockedFrom = successors.findIndex((row) => !mayRun(row) || isSuspect(row));
      const series = [head, ...(blockedFrom < 0 ? successors : successors.slice(0, blockedFrom))];
      return series.map((row, position) => ({ row, position }));
    });
    const rank = ({ row }: { row: ModelRow }): number => (preferred.has(row.id) ? 0 : 1);
    const cut = placed.sort((a, b) => a.position - b.position || rank(a) - rank(b)).slice(0, maxRows);
    return [...new Set(cut.map(({ row }) => row))];
  }

  claim(request: ClaimRequest, preferred?: ReadonlySet<string>): ClaimedRow[] {
    const now = this.now();
    if (request.lanes.heads > 0 && request.maxRows > 0) this.heads.lookAtVacant(now);
    return this.claimable(request, preferred).map((row) => {
      row.leaseToken = request.token;
      row.leaseUntil = now + request.leaseMs;
      row.claimCount += 1;
      row.unfinishedClaims += 1;
      row.firstAttemptAt ??= now;
      if (this.breaks.claimMarks === true) row.publishedAt = now;
      return {
        id: row.id,
        aggregateId: row.aggregateId,
        aggregateType: row.aggregateType,
        eventType: row.eventType,
        payload: row.payloadBytes <= maxPayloadBytes && row.unfinishedClaims <= unreadAfterClaims ? row.payload : null,
        payloadBytes: row.payloadBytes,
        createdAt: row.createdAt,
        createdAtMs: row.createdAtMs,
        sequence: row.sequence,
        priority: row.priority,
        schemaVersion: 1,
        traceparent: null,
        retryCount: row.retryCount,
        claimCount: row.claimCount,
        unfinishedClaims: row.unfinishedClaims - 1,
        firstAttemptAgeMs: now - row.firstAttemptAt,
        claimMs: 0,
        token: request.token,
      };
    });
  }

  /** Returns how many rows were still held by their token; `onWrite` sees each before it changes. */
  settle(settlements: readonly Settlement[], onWrite?: (row: ModelRow, settlement: Settlement) => void): number {
    const now = this.now();
    let written = 0;
    const changed = new Set<string>();
    for (const settlement of settlements) {
      const row = this.rows.get(settlement.row.id);
      if (row === undefined || !this.isPending(row)) continue;
      if (row.leaseToken !== settlement.row.token && this.breaks.settleWithoutToken !== true) continue;
      onWrite?.(row, settlement);
      written += 1;
      row.leaseToken = undefined;
      row.leaseUntil = undefined;
      if (settlement.kind === 'released' && row.claimCount === 1) row.firstAttemptAt = undefined;
      row.unfinishedClaims = settlement.kind === 'released' ? Math.max(0, row.unfinishedClaims - 1) : 0;
      if (settlement.kind === 'started' || settlement.kind === 'repeated') {
        row.publishedAt = now;
        row.lastError = undefined;
      } else if (settlement.kind !== 'released') {
        row.lastError = settlement.error;
        row.retryCount += settlement.countsAttempt ? 1 : 0;
        if (settlement.kind === 'dead-lettered') row.deadLetteredAt = now;
        else row.nextAttemptAt = now + Math.round(settlement.delayMs);
      }
      changed.add(row.aggregateId);
    }
    for (const aggregateId of changed) this.heads.refresh(aggregateId, now);
    return written;
  }
}

export function newRow(
  given: Pick<ModelRow, 'id' | 'aggregateId' | 'eventType' | 'payload' | 'createdAtMs' | 'sequence' | 'priority'> &
    Partial<ModelRow>,
): ModelRow {
  return {
    aggregateType: 'simulated',
    payloadBytes: 200,
    createdAt: new Date(given.createdAtMs).toISOString().replace('Z', '000Z'),
    nextAttemptAt: -Infinity,
    firstAttemptAt: undefined,
    claimCount: 0,
    unfinishedClaims: 0,
    retryCount: 0,
    leaseToken: undefined,
    leaseUntil: undefined,
    lastError: undefined,
    publishedAt: undefined,
    deadLetteredAt: undefined,
    ...given,
  };
}

function bySequence(a: ModelRow, b: ModelRow): number {
  return a.sequence - b.sequence;
}
