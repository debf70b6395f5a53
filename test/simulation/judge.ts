import { type Domain } from '../../contracts/events/define';
import { definitionOf } from '../../contracts/catalogue';
import { unreadAfterClaims } from '../../outbox/thresholds';
import { type Settlement } from '../../outbox-bridge/ports';
import { type ModelPostgres, type ModelRow } from './model-postgres';
import { type ModelTemporal, keyOf } from './model-temporal';
import { type Defect } from './plan';
import { must } from './violation';

/** Failures of the row itself, and how many an always refused row is given. */
const maxAttempts = 5;

/** An outbox as it really is. */
export interface TrueOutbox {
  readonly name: string;
  /** Of the events that its service may write; undefined: all. */
  readonly domains: readonly Domain[] | undefined;
  readonly postgres: ModelPostgres;
}

/** How rows with a defect end; every other is started. */
const endOf: Partial<Record<Defect, string>> = {
  invalid: 'INVALID_PAYLOAD',
  foreign: 'FOREIGN_WORKFLOW',
  'refused-always': 'START_REFUSED',
  deadly: 'ROW_KILLS_PROCESS',
};

/** Holds every step, and the end, to the promises. Knows the plan; believes nothing that a bridge says. */
export class Judge {
  private readonly refusedToExist = new Set<string>();
  /** Rows that were there and are not any more, since their database was restored. */
  private readonly lost = new Set<string>();
  private readonly restoredAtMs = new Map<string, number>();
  private readonly outboxes: ReadonlyMap<string, TrueOutbox>;

  constructor(
    outboxes: readonly TrueOutbox[],
    private readonly temporal: () => ModelTemporal,
    private readonly defectOf: (row: { readonly id: string; readonly outbox: string }) => Defect,
    private readonly nowMs: () => number,
    private readonly timing: { readonly retentionGuardMs: number; readonly leaseMs: number; readonly lateMs: number },
  ) {
    this.outboxes = new Map(outboxes.map((outbox) => [outbox.name, outbox]));
  }

  rolledBack(outbox: string, rows: readonly { readonly id: string }[]): void {
    for (const { id } of rows) this.refusedToExist.add(keyOf({ id, outbox }));
  }

  /** The database of an outbox is as it was at an earlier moment, and these rows are gone. */
  restored(outbox: string, gone: readonly ModelRow[]): void {
    for (const { id } of gone) this.lost.add(keyOf({ id, outbox }));
    this.restoredAtMs.set(outbox, this.nowMs());
  }

  /** Temporal is about to begin a run of ours. */
  starts(named: { readonly id: string; readonly outbox: string }): void {
    const { id, outbox } = named;
    const row = this.postgresOf(outbox).rows.get(id);
    if (row === undefined && this.lost.has(keyOf(named))) return;
    must(!this.refusedToExist.has(keyOf(named)), `${id} was rolled back and is started`);
    must(row !== undefined, `${id} is started before it is committed`);
    must(this.temporal().runsEver(named) === 0 || this.isForgivenTwice(outbox), `${id} is started a second time`);
    // A start on its way while another bridge finds the row too old to try is the operator's case, so it is parked.
    must(
      row.deadLetteredAt === undefined || ['RETENTION_PASSED', 'DUPLICATE_EVENT_ID'].includes(codeOf(row)),
      `${id} is dead-lettered and is started`,
    );
    must(this.mayWrite(outbox, row), `${id} is of a domain that is not its outbox's and is started`);
    if (row.deadLetteredAt !== undefined || this.isUnderWaySinceRestore(outbox)) return;
    for (const earlier of this.postgresOf(outbox).rows.values()) {
      if (earlier.aggregateId !== row.aggregateId || earlier.sequence >= row.sequence) continue;
      must(
        this.temporal().runsEver({ id: earlier.id, outbox }) > 0 || earlier.deadLetteredAt !== undefined,
        `${id} is started before ${earlier.id}, an earlier row of its aggregate`,
      );
    }
  }

  /** PostgreSQL is about to lease rows, on a day on which nothing goes wrong. */
  claimsInPeace(rows: readonly ModelRow[]): void {
    for (const { id, leaseUntil } of rows) must(leaseUntil === undefined, `${id} was claimed and forgotten`);
  }

  /** A process begins a start while others of its own are under way. `suspect`: a row that may kill the process. */
  startsBeside(suspect: boolean, underWay: readonly { readonly suspect: boolean }[]): void {
    const isAlone = underWay.length === 0;
    must(
      isAlone || !suspect,
      'a row that may kill the process is not alone: other starts of the process are under way',
    );
    must(isAlone || underWay.every((other) => !other.suspect), 'a row that may kill the process is not left alone');
  }

  /** PostgreSQL is about to write how a row ended. */
  settles(outbox: string, row: ModelRow, settlement: Settlement): void {
    const { id } = row;
    must(row.leaseToken === settlement.row.token, `${id} is settled by one who does not hold it`);
    if (settlement.kind === 'started') {
      must(this.temporal().runsEver({ id, outbox }) > 0, `${id} is marked as started and was never started`);
    }
    if (settlement.kind === 'dead-lettered') {
      must(/^[A-Z_]+: ./.test(settlement.error), `${id} is dead-lettered without a reason`);
    }
    if ((settlement.kind === 'failed' || settlement.kind === 'dead-lettered') && settlement.countsAttempt) {
      must(row.retryCount < maxAttempts, `${id} has more attempts than it may have`);
      must(
        this.isRowsFault(outbox, row, settlement.error),
        `${id} pays for what it did not cause: ${settlement.error}`,
      );
    }
  }

  /** Nothing is left to do: every committed row has come to an end that its defect explains. */
  atTheEnd(): void {
    for (const { name, postgres } of this.outboxes.values())
      for (const row of postgres.rows.values()) this.endsWell(name, row);
  }

  private endsWell(outbox: string, row: ModelRow): void {
    const named = { id: row.id, outbox };
    const defect = this.defectOf(named);
    const code = codeOf(row);
    must(row.leaseToken === undefined && row.leaseUntil === undefined, `${row.id} keeps a lease`);
    if (row.publishedAt !== undefined) {
      const runs = this.temporal().runsEver(named);
      must(runs === 1 || (runs > 1 && this.isForgivenTwice(outbox)), `${row.id} is started and has no run`);
      must(row.deadLetteredAt === undefined && row.lastError === undefined, `${row.id} is started with an error`);
      must(endOf[defect] === undefined, `${row.id} (${defect}) is started`);
      return;
    }
    must(row.deadLetteredAt !== undefined, `${row.id} is left pending: ${row.lastError ?? 'never tried'}`);
    const own = this.mayWrite(outbox, row) ? endOf[defect] : 'DOMAIN_NOT_ALLOWED';
    const reasons = ['RETENTION_PASSED', 'ROW_KILLS_PROCESS', ...(own === undefined ? [] : [own])];
    if (this.temporal().twinRan(named)) reasons.push('DUPLICATE_EVENT_ID');
    must(reasons.includes(code), `${row.id} (${defect}) is dead-lettered as ${code}`);
  }

  private isRowsFault(outbox: string, row: ModelRow, error: string): boolean {
    const named = { id: row.id, outbox };
    const defect = this.defectOf(named);
    switch (error.split(':')[0]) {
      case 'INVALID_PAYLOAD':
        return defect === 'invalid';
      case 'DOMAIN_NOT_ALLOWED':
        return !this.mayWrite(outbox, row);
      case 'FOREIGN_WORKFLOW':
        return defect === 'foreign';
      // Whose run it is does not change with a reply that was lost: it is not the row's own.
      case 'DUPLICATE_EVENT_ID':
        return this.temporal().twinRan(named) && this.temporal().runsEver(named) === 0;
      case 'START_REFUSED':
        return row.retryCount < this.temporal().refusalsOf(named);
      case 'RETENTION_PASSED':
        return this.nowMs() - (row.firstAttemptAt ?? Infinity) > this.timing.retentionGuardMs;
      case 'ROW_KILLS_PROCESS':
        return row.unfinishedClaims > unreadAfterClaims;
      default:
        return false;
    }
  }

  /** The row's own note of its first attempt may be lost, by which it would be known that Temporal may have forgotten the run. */
  private isForgivenTwice(outbox: string): boolean {
    return this.restoredAtMs.has(outbox);
  }

  /** What was claimed before the restore may arrive as late as this, and know nothing of it. */
  private isUnderWaySinceRestore(outbox: string): boolean {
    return this.nowMs() < (this.restoredAtMs.get(outbox) ?? -Infinity) + this.timing.leaseMs + this.timing.lateMs;
  }

  private mayWrite(outbox: string, { eventType }: ModelRow): boolean {
    const domains = this.outboxes.get(outbox)?.domains;
    const domain = definitionOf(eventType)?.domain;
    return domains === undefined || (domain !== undefined && domains.includes(domain));
  }

  private postgresOf(outbox: string): ModelPostgres {
    const found = this.outboxes.get(outbox);
    must(found !== undefined, `there is no outbox ${outbox}`);
    return found.postgres;
  }
}

function codeOf(row: ModelRow): string {
  return row.lastError?.split(':')[0] ?? '';
}
