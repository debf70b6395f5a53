import { type Pool, type PoolClient, type QueryResult, type QueryResultRow } from 'pg';
import { type EventRef } from '../../contracts/event-ref';
import { type NovaError } from '../../contracts/failures';
import { limits } from '../../contracts/time-budgets';
import * as sql from '../../outbox/emit.sql';
import { oneLine } from '../../runtime/errors';
import { type OutboxAdmission } from '../../runtime/outbox-admission';
import { asDatabaseError, inTransaction } from '../../runtime/postgres';

/** The primary key of an outbox row. */
export interface RowKey {
  readonly eventId: string;
  /** `created_at` with its microseconds. */
  readonly createdAt: string;
}

/** What has become of an outbox row. */
export interface RowState extends RowKey {
  readonly emitted: boolean;
  readonly deadLettered: boolean;
}

/** An outbox row as the emitter needs it. */
export interface EmitRow extends RowKey {
  readonly aggregateId: string;
  readonly sequence: number;
  /** As written: any accepted spelling. */
  readonly eventType: string;
  readonly schemaVersion: number;
  /** The payload as PostgreSQL writes it; null when it is too large to be sent, or has no text. */
  readonly payload: string | null;
  /** Bytes of that text, read or not; -1 when there is none. */
  readonly payloadBytes: number;
  readonly traceparent: string | null;
  readonly started: boolean;
}

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

/** What of one outbox is on Kafka and what is not. */
export class PgEmitLog {
  constructor(
    private readonly pool: Pool,
    /** Undefined: the database is asked at every moment. */
    private readonly admission?: OutboxAdmission,
  ) {}

  /**
   * Runs `work` in one transaction. Locks are held until it ends, or until the server notices that we are gone.
   * @throws NovaError DATABASE_UNAVAILABLE
   */
  async transaction<T>(work: (log: PgEmitTransaction) => Promise<T>): Promise<T> {
    this.admission?.check();
    let open: () => void = () => undefined;
    const opened = new Promise<void>((resolve) => (open = resolve));
    const done: Promise<T> = inTransaction(this.pool, async (client) => {
      await client.query(begin);
      open();
      const result = await work(new PgEmitTransaction(client, this.admission));
      this.admission?.follow(done).catch(() => undefined);
      return result;
    });
    try {
      await this.admission?.follow(Promise.race([opened, done]));
      return await done;
    } catch (thrown) {
      throw asDatabaseError(thrown);
    }
  }
}

/** Given to the work of `PgEmitLog.transaction`. */
export class PgEmitTransaction {
  constructor(
    private readonly client: PoolClient,
    private readonly admission?: OutboxAdmission,
  ) {}

  /** Takes the emit locks of those aggregates that no process is emitting now, without waiting; returns which. */
  async lock(aggregateIds: readonly string[]): Promise<ReadonlySet<string>> {
    const { rows } = await this.query<{ aggregate_id: string }>(tryLock, [aggregateIds]);
    return new Set(rows.map((row) => row.aggregate_id));
  }

  /**
   * The first rows of each aggregate, up to and including the given sequence, that are neither emitted nor dead-lettered;
   * in order within each aggregate, bounded in number and in bytes of payload. With `types`: rows of these spellings alone.
   */
  async unemitted(upTo: ReadonlyMap<string, number>, types?: readonly string[]): Promise<EmitRow[]> {
    const values = [[...upTo.keys()], [...upTo.values()], types ?? null];
    return (await this.query<EmitRow>(sql.selectUnemitted, values)).rows;
  }

  /** What has become of these rows; those that no longer exist are left out. */
  async find(refs: readonly EventRef[]): Promise<RowState[]> {
    const { rows } = await this.query<RowState>(sql.selectStates, keysOf(refs));
    // Fails on a server that cannot write, which may be a former primary: what is not there may be on its successor.
    if (rows.length < refs.length) await this.query(sql.failUnlessWritable);
    return rows;
  }

  /** Rows that were given up, with their payload: as many from the first on as one flush may hold. */
  async givenUp(keys: readonly RowKey[]): Promise<EmitRow[]> {
    return (await this.query<EmitRow>(sql.selectGivenUp, keysOf(keys))).rows;
  }

  /** Kafka has these. A row that was given up before is no longer. */
  async markEmitted(rows: readonly RowKey[]): Promise<void> {
    await this.mark(sql.updateEmitted, keysOf(rows));
  }

  /** Kafka will never have these: they count as dead-lettered, each with its reason, and hold up no other row any more. */
  async markRefused(refusals: readonly { row: RowKey; reason: NovaError }[]): Promise<void> {
    const reasons = refusals.map(({ reason }) => oneLine(reason));
    await this.mark(sql.updateRefused, [...keysOf(refusals.map(({ row }) => row)), reasons]);
  }

  /** Kafka has acknowledged: losing the mark to a deadlock would send everything again, so it is tried again in place. */
  private async mark(statement: string, values: unknown[]): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      await this.query('SAVEPOINT mark');
      try {
        await this.query(statement, values);
        return;
      } catch (thrown) {
        if ((thrown as { code?: unknown }).code !== deadlock || attempt === markAttempts) throw thrown;
        await this.query('ROLLBACK TO SAVEPOINT mark');
      }
    }
  }

  /** Followed one by one: while Kafka is written to, the database has nothing to reply to. */
  private query<Row extends QueryResultRow>(sql: string, values?: unknown[]): Promise<QueryResult<Row>> {
    const sent = this.client.query<Row>(sql, values);
    return this.admission?.follow(sent) ?? sent;
  }
}

/** Ids, creation times, and the first and last of these. RFC 3339 in UTC sorts as text. */
function keysOf(rows: readonly RowKey[]): unknown[] {
  const times = rows.map((row) => row.createdAt);
  const sorted = [...times].sort();
  return [rows.map((row) => row.eventId), times, sorted[0], sorted.at(-1)];
}
