import { NovaError } from '../../contracts/failures';
import { oneLine } from '../../runtime/errors';
import { type AuditRow, type PgAuditRows } from './pg-audit-rows';

/**
 * The outboxes of one audit. One that cannot be read is left out of the rest of the audit, and a note says so: what is in it is
 * not judged, and the next audit looks at its time again.
 */
export class OutboxesInAudit {
  private readonly unread = new Set<string>();

  constructor(
    private readonly all: readonly PgAuditRows[],
    private readonly notes: string[],
  ) {}

  /** Those that could be read so far. */
  get readable(): readonly PgAuditRows[] {
    return this.all.filter(({ outbox }) => !this.unread.has(outbox));
  }

  /** Whether this audit knows all that the outboxes hold. */
  get isComplete(): boolean {
    return this.unread.size === 0;
  }

  get notRead(): readonly string[] {
    return [...this.unread];
  }

  /** Whether there are others than one. */
  get areSeveral(): boolean {
    return this.all.length > 1;
  }

  isReadable(outbox: string): boolean {
    return this.readable.some((one) => one.outbox === outbox);
  }

  /** Whether this process knows where that outbox is. */
  isKnown(outbox: string): boolean {
    return this.all.some((one) => one.outbox === outbox);
  }

  /**
   * Runs `work` on every outbox that can be read, all at once. Returns what it returned, without those that failed.
   * @throws what an outbox fails with that is the only one: then there is nothing to audit
   */
  async each<T>(work: (rows: PgAuditRows) => Promise<T>): Promise<T[]> {
    const done = await Promise.all(this.readable.map((rows) => this.in(rows, work)));
    return done.flatMap((one) => (one === undefined ? [] : [one.value]));
  }

  /** Rows with one of these ids in any of the outboxes, or in one. `createdSinceUs`: where they are looked for, if given. */
  async byIds(ids: readonly string[], createdSinceUs?: number, outbox?: string): Promise<AuditRow[]> {
    if (ids.length === 0) return [];
    const found = await this.each(async (rows) =>
      outbox === undefined || outbox === rows.outbox ? rows.byIds(ids, createdSinceUs) : [],
    );
    return found.flat();
  }

  private async in<T>(rows: PgAuditRows, work: (rows: PgAuditRows) => Promise<T>): Promise<{ value: T } | undefined> {
    try {
      return { value: await work(rows) };
    } catch (thrown) {
      if (this.all.length === 1 || !isOfDatabase(thrown)) throw thrown;
      if (!this.unread.has(rows.outbox))
        this.notes.push(`outbox ${rows.outbox} could not be read: ${oneLine(thrown)}; its events were not judged`);
      this.unread.add(rows.outbox);
      return undefined;
    }
  }
}

/** Away, or refusing us: a login, a database or a schema that is not there. Anything else is a fault of ours. */
function isOfDatabase(thrown: unknown): boolean {
  if (thrown instanceof NovaError) return thrown.code === 'DATABASE_UNAVAILABLE';
  return /^[0-9A-Z]{5}$/.test(String((thrown as { code?: unknown }).code));
}
