import { type Pool, type QueryResult } from 'pg';
import { definitionOf } from '../contracts/catalogue';
import { claimLimits } from '../contracts/time-budgets';
import { maxPayloadBytes } from '../contracts/parse-event';
import { NovaError } from '../contracts/failures';
import { oneLine } from '../runtime/errors';
import { type StatementLimits, isEndedByServer, limitedQuery } from '../runtime/limited-query';
import { asDatabaseError, isDatabaseOutage } from '../runtime/postgres';
import { claim, settle, twins } from '../outbox/bridge.sql';
import { aloneAfterClaims, unreadAfterClaims } from '../outbox/thresholds';
import { type ClaimRequest, type ClaimedRow, type OutboxStore, type Settlement } from './ports';

/** Where no lease is given: tools and tests. */
const usualLeaseMs = 15_000;

export class PgOutboxStore implements OutboxStore {
  /** `limits`: of a claim and of a mark; well under half a lease. */
  constructor(
    private readonly pool: Pool,
    private readonly limits: StatementLimits = claimLimits(usualLeaseMs),
  ) {}

  private query<Row extends object>(text: string, values: unknown[]): Promise<QueryResult<Row>> {
    return limitedQuery<Row>(this.pool, { text, values }, this.limits);
  }

  async claim(request: ClaimRequest): Promise<ClaimedRow[]> {
    const { lanes } = request;
    const { rows } = await this.query<DatabaseRow>(claim, [
      request.token,
      request.leaseMs,
      lanes.perPriority,
      lanes.floor,
      lanes.heads,
      request.maxRows,
      request.pausedSpellings,
      maxPayloadBytes,
      aloneAfterClaims,
      unreadAfterClaims,
      request.maxSeries ?? 9,
    ]).catch((thrown: unknown) => Promise.reject(asDatabaseError(thrown) as Error));
    return rows.map((row) => toClaimedRow(row, request.token));
  }

  async isRepeated(row: ClaimedRow): Promise<boolean> {
    const { rows } = await this.pool
      .query<{ same: boolean; event_type: string }>(twins, [row.id, row.sequence, row.createdAt])
      .catch((thrown: unknown) => Promise.reject(asDatabaseError(thrown) as Error));
    const type = definitionOf(row.eventType)?.type;
    return rows.some(({ same, event_type }) => same && definitionOf(event_type)?.type === type);
  }

  async settle(settlements: readonly Settlement[]): Promise<number> {
    if (settlements.length === 0) return 0;
    try {
      const { rowCount } = await this.query(settle, [
        JSON.stringify(settlements.map(toRecord)),
        ...boundsOf(settlements),
      ]);
      return rowCount ?? 0;
    } catch (thrown) {
      if (isDatabaseOutage(thrown)) throw asDatabaseError(thrown);
      const [first] = settlements;
      // Another transaction has this row: its mark is tried again. In a batch, the others get theirs without it.
      if (settlements.length === 1 && isEndedByServer(thrown))
        throw new NovaError('DATABASE_UNAVAILABLE', `row ${first?.row.id}: ${oneLine(thrown)}`, { cause: thrown });
      if (settlements.length === 1) throw new Error(`row ${first?.row.id}: ${oneLine(thrown)}`, { cause: thrown });
      return this.settleHalves(settlements);
    }
  }

  /** PostgreSQL refused the statement: the row it refused must not cost the others their marks. */
  private async settleHalves(settlements: readonly Settlement[]): Promise<number> {
    const middle = settlements.length >> 1;
    const halves = [settlements.slice(0, middle), settlements.slice(middle)];
    // Both are tried before either failure is thrown.
    const [one, two] = await Promise.allSettled(halves.map((half) => this.settle(half)));
    if (one?.status === 'rejected') throw one.reason;
    if (two?.status === 'rejected') throw two.reason;
    return (one?.value ?? 0) + (two?.value ?? 0);
  }
}

/** Least and greatest created_at. RFC 3339 in UTC sorts as text; what is no such date is looked for everywhere. */
function boundsOf(settlements: readonly Settlement[]): [string, string] {
  const times = settlements.map(({ row }) => row.createdAt).sort();
  const [first, last] = [times[0] ?? '', times.at(-1) ?? ''];
  return times.every((time) => time.endsWith('Z')) ? [first, last] : ['-infinity', 'infinity'];
}

/** A reason is cut short and made of characters PostgreSQL can hold: one that it refuses would never let its row end. */
function storable(reason: string): string {
  return reason
    .slice(0, 2_000)
    .replaceAll('\0', '')
    .replace(/\p{Surrogate}/gu, '\ufffd');
}

function toRecord(settlement: Settlement): Record<string, unknown> {
  const { kind, row } = settlement;
  const failed = kind === 'failed' || kind === 'dead-lettered';
  return {
    id: row.id,
    created_at: row.createdAt,
    token: row.token,
    kind,
    error: failed ? storable(settlement.error) : null,
    counts: failed && settlement.countsAttempt ? 1 : 0,
    delay_ms: kind === 'failed' ? Math.round(settlement.delayMs) : 0,
  };
}

interface DatabaseRow {
  id: string;
  aggregate_id: string;
  aggregate_type: string;
  event_type: string;
  payload: unknown;
  payload_bytes: number;
  created_at: string;
  created_at_ms: number;
  sequence: number;
  priority: number;
  schema_version: number;
  traceparent: string | null;
  retry_count: number;
  claim_count: number;
  first_attempt_age_ms: number;
  unfinished_claims: number;
  claim_ms: number;
}

function toClaimedRow(row: DatabaseRow, token: string): ClaimedRow {
  return {
    id: row.id,
    aggregateId: row.aggregate_id,
    aggregateType: row.aggregate_type,
    eventType: row.event_type,
    payload: row.payload,
    payloadBytes: row.payload_bytes,
    createdAt: row.created_at,
    createdAtMs: row.created_at_ms,
    sequence: row.sequence,
    priority: row.priority,
    schemaVersion: row.schema_version,
    traceparent: row.traceparent,
    retryCount: row.retry_count,
    claimCount: row.claim_count,
    firstAttemptAgeMs: row.first_attempt_age_ms,
    unfinishedClaims: row.unfinished_claims,
    claimMs: row.claim_ms,
    token,
  };
}
