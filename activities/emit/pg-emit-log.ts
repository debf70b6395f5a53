import { type Pool, type PoolClient } from 'pg';
import { type EventRef } from '../../contracts/event-ref';
import { type NovaError } from '../../contracts/failures';
import { limits } from '../../contracts/time-budgets';
import * as sql from '../../outbox/emit.sql';
import { oneLine } from '../../runtime/errors';
import { asDatabaseError, inTransaction } from '../../runtime/postgres';
import { type EmitLog, type EmitRow, type EmitTransaction, type RowKey, type RowState } from './emit-log';

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
    return (await this.client.query<EmitRow>(sql.selectUnemitted, values)).rows;
  }

  async find(refs: readonly EventRef[]): Promise<RowState[]> {
    const { rows } = await this.client.query<RowState>(sql.selectStates, keysOf(refs));
    // Fails on a server that cannot write, which may be a former primary: what is not there may be on its successor.
    if (rows.length < refs.length) await this.client.query(sql.failUnlessWritable);
    return rows;
  }

  async givenUp(keys: readonly RowKey[]): Promise<EmitRow[]> {
    return (await this.client.query<EmitRow>(sql.selectGivenUp, keysOf(keys))).rows;
  }

  async markEmitted(rows: readonly RowKey[]): Promise<void> {
    await this.mark(sql.updateEmitted, keysOf(rows));
  }

  async markRefused(refusals: readonly { row: RowKey; reason: NovaError }[]): Promise<void> {
    const reasons = refusals.map(({ reason }) => oneLine(reason));
    await this.mark(sql.updateRefused, [...keysOf(refusals.map(({ row }) => row)), reasons]);
  }

  /** Kafka has acknowledged: losing the mark to a deadlock would send everything again, so it is tried again in place. */
  private async mark(statement: string, values: unknown[]): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      await this.client.query('SAVEPOINT mark');
      try {
        await this.client.query(statement, values);
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
