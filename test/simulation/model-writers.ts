import { type ModelPostgres, type ModelRow } from './model-postgres';
import { type VirtualTime } from './virtual-time';

/** One transaction of a business service: rows of one or more aggregates, held open, then committed or rolled back. */
export interface ModelTransaction<Row> {
  readonly rows: readonly { readonly aggregateId: string; readonly write: Row }[];
  /** Time between the last insert and the end of the transaction. */
  readonly holdMs: number;
  readonly commits: boolean;
}

/**
 * Writers of the outbox: the insert trigger's lock makes writers of one aggregate wait for each other until commit, so the
 * sequence drawn under it is the commit order of the aggregate. Across aggregates, commits come in any order.
 */
export class ModelWriters<Row> {
  /** Transactions not yet ended. */
  open = 0;
  private sequence = 0;
  /** How often all transactions were ended by force. */
  private breakdowns = 0;
  private readonly holders = new Map<string, object>();
  private readonly waiting: (() => void)[] = [];

  constructor(
    private readonly time: VirtualTime,
    private readonly postgres: ModelPostgres,
    private readonly toRow: (write: Row, aggregateId: string, sequence: number) => ModelRow,
    private readonly onEnd: (rows: readonly ModelRow[], committed: boolean) => void,
  ) {
    postgres.heads.isLocked = (aggregateId) => this.holders.has(aggregateId);
  }

  /** The server restarts: no transaction that is open commits. */
  breakDown(): void {
    this.breakdowns += 1;
  }

  begin(transaction: ModelTransaction<Row>): void {
    this.open += 1;
    const [me, before] = [{}, this.breakdowns];
    // The same order in every transaction, as careful writers do: no deadlock.
    const todo = [...transaction.rows].sort((a, b) => a.aggregateId.localeCompare(b.aggregateId));
    const inserted: ModelRow[] = [];
    const heads: string[] = [];
    const goOn = (): void => {
      for (let next = todo[0]; next !== undefined; next = todo[0]) {
        const holder = this.holders.get(next.aggregateId);
        if (holder !== undefined && holder !== me) return void this.waiting.push(goOn);
        this.holders.set(next.aggregateId, me);
        // With the lock, and long before the commit: a head that is there now may be gone by then, unless it is kept for us.
        if (!this.postgres.heads.has(next.aggregateId)) heads.push(next.aggregateId);
        inserted.push(this.toRow(next.write, next.aggregateId, ++this.sequence));
        todo.shift();
      }
      this.time.afterUnseen(transaction.holdMs, () =>
        this.end(me, { rows: inserted, heads }, transaction.commits && this.breakdowns === before),
      );
    };
    goOn();
  }

  private end(
    me: object,
    { rows, heads }: { rows: readonly ModelRow[]; heads: readonly string[] },
    committed: boolean,
  ): void {
    this.open -= 1;
    if (committed) {
      for (const row of rows) this.postgres.rows.set(row.id, row);
      for (const aggregateId of heads) this.postgres.heads.make(aggregateId);
    }
    this.onEnd(rows, committed);
    for (const [aggregate, holder] of this.holders) if (holder === me) this.holders.delete(aggregate);
    for (const wake of this.waiting.splice(0)) wake();
  }
}
