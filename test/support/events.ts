import { randomUUID } from 'node:crypto';
import { type Pool } from 'pg';
import { uuidv7 } from 'uuidv7';
import { type EventType, type PayloadInput, definitionOf } from '../../contracts/catalogue';
import { type EventRef } from '../../contracts/event-ref';
import { type Priority } from '../../contracts/priority';

/** A fresh id for a user, a post, anything. */
export const newId = (): string => randomUUID();

/**
 * Inserts a row as any service would (plain SQL, trigger and all) and returns the ref its workflow would get. SQL knows no
 * compile errors: fields that the catalogue does not have are let in.
 */
export async function insertEvent<T extends EventType>(
  database: Pick<Pool, 'query'>,
  type: T,
  payload: PayloadInput<T> & Readonly<Record<string, unknown>>,
  options: { aggregateId?: string; started?: boolean } = {},
): Promise<EventRef> {
  const definition = definitionOf(type);
  if (definition === undefined) throw new Error(`no such event type: ${type}`);
  const aggregateId = options.aggregateId ?? String((payload as Record<string, unknown>)[definition.partitionKey]);
  const eventId = uuidv7();
  const { rows } = await database.query<Row>(
    `INSERT INTO outbox_events (id, aggregate_id, event_type, payload, published_at) VALUES ($1, $2, $3, $4, $5)
     RETURNING sequence, priority, schema_version, aggregate_type,
       to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS created_at,
       (extract(epoch FROM created_at) * 1000)::bigint AS created_at_ms`,
    [eventId, aggregateId, type, JSON.stringify(payload), options.started === false ? null : new Date()],
  );
  const row = rows[0];
  if (row === undefined) throw new Error('the insert returned no row');
  return {
    eventId,
    eventType: type,
    schemaVersion: row.schema_version,
    aggregateType: row.aggregate_type,
    aggregateId,
    sequence: row.sequence,
    createdAt: row.created_at,
    createdAtMs: row.created_at_ms,
    priority: row.priority,
  };
}

interface Row {
  sequence: number;
  priority: Priority;
  schema_version: number;
  aggregate_type: string;
  created_at: string;
  created_at_ms: number;
}
