import { type Pool, type PoolClient } from 'pg';
import { type EventRef } from '../../contracts/event-ref';
import { type NovaError } from '../../contracts/failures';
import { maxPayloadBytes } from '../../contracts/parse-event';
import { limits } from '../../contracts/time-budgets';
import { oneLine } from '../../runtime/errors';
import { asDatabaseError, inTransaction } from '../../runtime/postgres';
import { type EmitLog, type EmitRow, type EmitTransaction, type RowKey, type RowState } from './emit-log';

/** Bounds of one read. A flush makes one, and one more per topic that others stand before. */
const rowsPerAggregate = 100;
const rowsPerRead = 500;
/** Bytes of text: what is carried and held. The last row may pass it by its own size, so add maxPayloadBytes. */
const bytesPerRead = 2 * 1024 * 1024;

const deadlock = '40P01';
const markAttempts = 5;

// An emitter that stalls while it holds locks is thrown out by the server, and others go on.
const begin = `
  SET LOCAL idle_in_transaction_session_timeout = '${limits.emit.transactionIdleMs}ms';
  SET LOCAL statement_timeout = '${limits.emit.statementMs}ms'`;

// 7022 is the emitter's key space; writers of the aggregate use 7021 and are not held up.
const tryLock = `
  SELECT aggregate_id FROM unnest($1::text[]) AS aggregate_id
  WHERE pg_try_advisory_xact_lock(hashtextextended(aggregate_id, 7022))`;

// In a function, so that its plan over all partitions is made once per connection (0014_emit.sql).
const selectUnemitted = `
  SELECT id AS "eventId", created_at AS "createdAt", aggregate_id AS "aggregateId", sequence, event_type AS "eventType",
    schema_version AS "schemaVersion", payload, payload_bytes AS "payloadBytes", traceparent, published
  FROM nova.outbox_unemitted($1, $2, $3, ${rowsPerAggregate}, ${rowsPerRead}, ${bytesPerRead}, ${maxPayloadBytes})`;

// The bounds on created_at let the planner drop the other partitions before it starts.
const wantedRows = `
  FROM unnest($1::uuid[], $2::timestamptz[]) WITH ORDINALITY AS wanted (id, created_at, place)
  JOIN nova.outbox_events o ON o.id = wanted.id AND o.created_at = wanted.created_at
  WHERE o.created_at BETWEEN $3::timestamptz AND $4::timestamptz`;

const createdAt = `to_char(o.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

const selectStates = `
  SELECT o.id AS "eventId", ${createdAt} AS "createdAt", o.emitted_at IS NOT NULL AS emitted,
    o.dead_lettered_at IS NOT NULL AS "deadLettered" ${wantedRows}`;

// What of it is over the bound is left for the next flush.
const selectGivenUp = `
  WITH measured AS (
    SELECT o.*, wanted.place, nova.outbox_payload_bytes(o.payload) AS bytes ${wantedRows}
      AND o.emitted_at IS NULL AND o.dead_lettered_at IS NOT NULL
  ), bounded AS (
    SELECT *, sum(greatest(bytes, 0)) OVER (ORDER BY place) - greatest(bytes, 0) AS bytes_before FROM measured
  )
  SELECT o.id AS "eventId", ${createdAt} AS "createdAt", o.aggregate_id AS "aggregateId", o.sequence,
    o.event_type AS "eventType", o.schema_version AS "schemaVersion",
    CASE WHEN o.bytes BETWEEN 0 AND ${maxPayloadBytes} THEN o.payload::text END AS payload, o.bytes AS "payloadBytes",
    o.traceparent, o.published_at IS NOT NULL AS published
  FROM bounded o WHERE bytes_before < ${bytesPerRead} ORDER BY o.aggregate_id, o.sequence`;

// Row locks in the order of the sequence; `mark` tries again when the bridge marks the same rows in another.
const locked = `
  SELECT o.id, o.created_at FROM unnest($1::uuid[], $2::timestamptz[]) AS wanted (id, created_at)
  JOIN nova.outbox_events o ON o.id = wanted.id AND o.created_at = wanted.created_at
  WHERE o.created_at BETWEEN $3::timestamptz AND $4::timestamptz
  ORDER BY o.sequence FOR NO KEY UPDATE OF o`;

// The dead-letter mark of a published row was the emitter's, and is over; that of an unpublished row is the bridge's.
const updateEmitted = `
  WITH locked AS (${locked})
  UPDATE nova.outbox_events o SET emitted_at = clock_timestamp(),
    dead_lettered_at = CASE WHEN o.published_at IS NULL THEN o.dead_lettered_at END,
    last_error = CASE WHEN o.published_at IS NULL THEN o.last_error END
  FROM locked WHERE o.id = locked.id AND o.created_at = locked.created_at
    AND o.created_at BETWEEN $3::timestamptz AND $4::timestamptz`;

const updateRefused = `
  WITH locked AS (${locked}), refused AS (SELECT * FROM unnest($1::uuid[], $5::text[]) AS refused (id, reason))
  UPDATE nova.outbox_events o SET dead_lettered_at = clock_timestamp(), last_error = refused.reason
  FROM locked JOIN refused USING (id) WHERE o.id = locked.id AND o.created_at = locked.created_at
    AND o.created_at BETWEEN $3::timestamptz AND $4::timestamptz
    -- In words that fit no partial index: see settle.sql.ts.
    AND coalesce(o.emitted_at, o.dead_lettered_at) IS NULL`;

export class PgEmitLog implements EmitLog {
  constructor(private readonly pool: Pool) {}

  async transaction<T>(work: (log: EmitTransaction) => Promise<T>): Promise<T> {
    try {
      return await inTransaction(this.pool, async (client) => {
        await client.query(begin);
        return work(new PgEmitTransaction(client));
      });
    } catch (thrown) {
      throw asDatabaseError(thrown);
    }
  }
}

class PgEmitTransaction implements EmitTransaction {
  constructor(private readonly client: PoolClient) {}

  async lock(aggregateIds: readonly string[]): Promise<ReadonlySet<string>> {
    const { rows } = await this.client.query<{ aggregate_id: string }>(tryLock, [aggregateIds]);
    return new Set(rows.map((row) => row.aggregate_id));
  }

  async unemitted(upTo: ReadonlyMap<string, number>, types?: readonly string[]): Promise<EmitRow[]> {
    const values = [[...upTo.keys()], [...upTo.values()], types ?? null];
    return (await this.client.query<EmitRow>(selectUnemitted, values)).rows;
  }

  async find(refs: readonly EventRef[]): Promise<RowState[]> {
    const { rows } = await this.client.query<RowState>(selectStates, keysOf(refs));
    // Fails on a server that cannot write, which may be a former primary: what is not there may be on its successor.
    if (rows.length < refs.length) await this.client.query('SELECT FROM nova.outbox_events WHERE false FOR KEY SHARE');
    return rows;
  }

  async givenUp(keys: readonly RowKey[]): Promise<EmitRow[]> {
    return (await this.client.query<EmitRow>(selectGivenUp, keysOf(keys))).rows;
  }

  async markEmitted(rows: readonly RowKey[]): Promise<void> {
    await this.mark(updateEmitted, keysOf(rows));
  }

  async markRefused(refusals: readonly { row: RowKey; reason: NovaError }[]): Promise<void> {
    const reasons = refusals.map(({ reason }) => oneLine(reason));
    await this.mark(updateRefused, [...keysOf(refusals.map(({ row }) => row)), reasons]);
  }

  /** Kafka has acknowledged: losing the mark to a deadlock would send everything again, so it is tried again in place. */
  private async mark(sql: string, values: unknown[]): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      await this.client.query('SAVEPOINT mark');
      try {
        await this.client.query(sql, values);
        return;
      } catch (thrown) {
        if ((thrown as { code?: unknown }).code !== deadlock || attempt === markAttempts) throw thrown;
        await this.client.query('ROLLBACK TO SAVEPOINT mark');
      }
    }
  }
}

/** Ids, creation times, and the first and last of these. RFC 3339 in UTC sorts as text. */
function keysOf(rows: readonly RowKey[]): unknown[] {
  const times = rows.map((row) => row.createdAt);
  const sorted = [...times].sort();
  return [rows.map((row) => row.eventId), times, sorted[0], sorted.at(-1)];
}
