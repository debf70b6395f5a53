import { definitionOf, type EventType, type PayloadInput } from '../../contracts/catalogue';
import { newId } from '../support/events';
import { type FaultDatabases, writerOf } from './databases';

/** A row of the outbox, made ahead so that its id is known before it is committed. */
export interface Row {
  readonly id: string;
  readonly type: EventType;
  readonly aggregateId: string;
  readonly payload: object;
}

export function row<T extends EventType>(type: T, payload: PayloadInput<T>): Row {
  const key = definitionOf(type)?.partitionKey ?? '';
  return { id: newId(), type, aggregateId: String((payload as Record<string, unknown>)[key]), payload };
}

interface Writing {
  readonly databases: FaultDatabases;
}

/** Commits rows, one transaction for each service that writes some of them. */
export async function commit(system: Writing, rows: readonly Row[]): Promise<void> {
  await transact(system, rows, 'COMMIT');
}

/** The same, rolled back: none of it may ever be seen. */
export async function rollBack(system: Writing, rows: readonly Row[]): Promise<void> {
  await transact(system, rows, 'ROLLBACK');
}

const insert = 'INSERT INTO nova.outbox_events (id, aggregate_id, event_type, payload) VALUES ($1, $2, $3, $4)';

async function transact({ databases }: Writing, rows: readonly Row[], end: 'COMMIT' | 'ROLLBACK'): Promise<void> {
  for (const service of new Set(rows.map(writerOf))) {
    const client = await databases.services[service].connect();
    try {
      await client.query('BEGIN');
      for (const { id, aggregateId, type, payload } of rows.filter((each) => writerOf(each) === service))
        await client.query(insert, [id, aggregateId, type, JSON.stringify(payload)]);
      await client.query(end);
    } finally {
      client.release();
    }
  }
}
