import { type Pool } from 'pg';
import { maxPayloadBytes } from '../contracts/parse-event';
import { asDatabaseError } from '../runtime/postgres';
import { type ClaimRequest, type ClaimedRow, type OutboxStore, type Settlement } from './ports';
import { claim } from './sql/claim.sql';
import { settle } from './sql/settle.sql';

export class PgOutboxStore implements OutboxStore {
  constructor(private readonly pool: Pool) {}

  async claim(request: ClaimRequest): Promise<ClaimedRow[]> {
    const { lanes } = request;
    const { rows } = await this.pool
      .query<DatabaseRow>(claim, [
        request.token,
        request.leaseMs,
        lanes.perPriority,
        lanes.floor,
        lanes.heads,
        request.maxRows,
        request.pausedSpellings,
        maxPayloadBytes,
      ])
      .catch((thrown: unknown) => Promise.reject(asDatabaseError(thrown) as Error));
    return rows.map((row) => toClaimedRow(row, request.token));
  }

  async settle(settlements: readonly Settlement[]): Promise<number> {
    if (settlements.length === 0) return 0;
    const times = settlements.map(({ row }) => row.createdAt).sort();
    const result = await this.pool
      .query(settle, [JSON.stringify(settlements.map(toRecord)), times[0], times.at(-1)])
      .catch((thrown: unknown) => Promise.reject(asDatabaseError(thrown) as Error));
    return result.rowCount ?? 0;
  }
}

function toRecord(settlement: Settlement): Record<string, unknown> {
  const { kind, row } = settlement;
  const failed = kind === 'failed' || kind === 'dead-lettered';
  return {
    id: row.id,
    created_at: row.createdAt,
    token: row.token,
    kind,
    error: failed ? settlement.error : null,
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
    token,
  };
}
