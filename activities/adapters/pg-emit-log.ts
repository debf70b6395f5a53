import { type Pool, type PoolClient } from 'pg';
import { type EventRef } from '../../contracts/event-ref';
import { type NovaError } from '../../contracts/failures';
import { oneLine } from '../../runtime/errors';
import { asDatabaseError, inTransaction } from '../../runtime/postgres';
import { type EmitLog, type EmitRow, type EmitTransaction } from '../ports/emit-log';

/** Bounds of one flush. The bytes are stored size, so a flush of compressible payloads is a few times that in memory. */
const rowsPerAggregate = 100;
const rowsPerFlush = 500;
const bytesPerFlush = 4 * 1024 * 1024;

const deadlock = '40P01';
const markAttempts = 5;

// An emitter that stalls while it holds locks is thrown out by the server, and others go on.
const begin = `SET LOCAL idle_in_transaction_session_timeout = '15s'; SET LOCAL statement_timeout = '10s'`;

// 7022 is the emitter's key space; writers of the aggregate use 7021 and are not held up.
const tryLock = `
  SELECT aggregate_id FROM unnest($1::text[]) AS aggregate_id
  WHERE pg_try_advisory_xact_lock(hashtextextended(aggregate_id, 7022))`;

const columns = `
  o.id AS "eventId", to_char(o.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS "createdAt",
  o.aggregate_id AS "aggregateId", o.sequence, o.event_type AS "eventType", o.schema_version AS "schemaVersion", o.payload,
  o.traceparent, o.published_at IS NOT NULL AS published, o.emitted_at IS NOT NULL AS emitted,
  o.dead_lettered_at IS NOT NULL AS "deadLettered"`;

// LATERAL: one probe of the partial index per aggregate, whatever the planner thinks of the table's size.
const selectUnemitted = `
  WITH prefix AS (
    SELECT wanted.position, o.*,
      sum(pg_column_size(o.payload)) OVER (ORDER BY wanted.position, o.sequence) - pg_column_size(o.payload) AS bytes_before
    FROM unnest($1::uuid[], $2::bigint[]) WITH ORDINALITY AS wanted (aggregate_id, up_to, position)
    CROSS JOIN LATERAL (
      SELECT * FROM outbox_events e
      WHERE e.aggregate_id = wanted.aggregate_id AND e.sequence <= wanted.up_to
        AND e.emitted_at IS NULL AND e.dead_lettered_at IS NULL
      ORDER BY e.sequence LIMIT ${rowsPerAggregate}
    ) o
  )
  SELECT ${columns} FROM prefix o WHERE bytes_before < ${bytesPerFlush} ORDER BY position, sequence LIMIT ${rowsPerFlush}`;

// The bounds on created_at let the planner drop the other partitions before it starts.
const selectRows = `
  SELECT ${columns} FROM unnest($1::uuid[], $2::timestamptz[]) AS wanted (id, created_at)
  JOIN outbox_events o ON o.id = wanted.id AND o.created_at = wanted.created_at
  WHERE o.created_at BETWEEN $3::timestamptz AND $4::timestamptz
  ORDER BY o.aggregate_id, o.sequence`;

// Row locks in the order of the sequence; `mark` tries again when the bridge marks the same rows in another.
const locked = `
  SELECT o.id, o.created_at FROM unnest($1::uuid[], $2::timestamptz[]) AS wanted (id, created_at)
  JOIN outbox_events o ON o.id = wanted.id AND o.created_at = wanted.created_at
  WHERE o.created_at BETWEEN $3::timestamptz AND $4::timestamptz
  ORDER BY o.sequence FOR NO KEY UPDATE OF o`;

// The dead-letter mark of a published row was the emitter's, and is over; that of an unpublished row is the bridge's.
const updateEmitted = `
  WITH locked AS (${locked})
  UPDATE outbox_events o SET emitted_at = clock_timestamp(),
    dead_lettered_at = CASE WHEN o.published_at IS NULL THEN o.dead_lettered_at END,
    last_error = CASE WHEN o.published_at IS NULL THEN o.last_error END
  FROM locked WHERE o.id = locked.id AND o.created_at = locked.created_at
    AND o.created_at BETWEEN $3::timestamptz AND $4::timestamptz`;

const updateRefused = `
  WITH locked AS (${locked}), refused AS (SELECT * FROM unnest($1::uuid[], $5::text[]) AS refused (id, reason))
  UPDATE outbox_events o SET dead_lettered_at = clock_timestamp(), last_error = refused.reason
  FROM locked JOIN refused USING (id) WHERE o.id = locked.id AND o.created_at = locked.created_at
    AND o.created_at BETWEEN $3::timestamptz AND $4::timestamptz
    AND o.emitted_at IS NULL AND o.dead_lettered_at IS NULL`;

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

  async unemitted(upTo: ReadonlyMap<string, number>): Promise<EmitRow[]> {
    return (await this.client.query<EmitRow>(selectUnemitted, [[...upTo.keys()], [...upTo.values()]])).rows;
  }

  async find(refs: readonly EventRef[]): Promise<EmitRow[]> {
    const { rows } = await this.client.query<EmitRow>(selectRows, keysOf(refs));
    // Fails on a server that cannot write, which may be a former primary: what is not there may be on its successor.
    if (rows.length < refs.length) await this.client.query('SELECT FROM outbox_events WHERE false FOR KEY SHARE');
    return rows;
  }

  async markEmitted(rows: readonly EmitRow[]): Promise<void> {
    await this.mark(updateEmitted, keysOf(rows));
  }

  async markRefused(refusals: readonly { row: EmitRow; reason: NovaError }[]): Promise<void> {
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
function keysOf(rows: readonly { eventId: string; createdAt: string }[]): unknown[] {
  const times = rows.map((row) => row.createdAt);
  const sorted = [...times].sort();
  return [rows.map((row) => row.eventId), times, sorted[0], sorted.at(-1)];
}
