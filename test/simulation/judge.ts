import { unreadAfterClaims } from '../../outbox/thresholds';
import { type Settlement } from '../../outbox-bridge/ports';
import { type ModelPostgres, type ModelRow } from './model-postgres';
import { type ModelTemporal } from './model-temporal';
import { type Defect } from './plan';

/** Failures of the row itself, and how many an always refused row is given. */
const maxAttempts = 5;

export class Violation extends Error {}

/** Holds every step, and the end, to the promises. Knows the plan; believes nothing that a bridge says. */
export class Judge {
  private readonly refusedToExist = new Set<string>();

  constructor(
    private readonly postgres: ModelPostgres,
    private readonly temporal: () => ModelTemporal,
    private readonly defectOf: (id: string) => Defect,
    private readonly nowMs: () => number,
    private readonly retentionGuardMs: number,
  ) {}

  rolledBack(rows: readonly ModelRow[]): void {
    for (const { id } of rows) this.refusedToExist.add(id);
  }

  /** Temporal is about to begin a run of ours. */
  starts(id: string): void {
    const row = this.postgres.rows.get(id);
    must(!this.refusedToExist.has(id), `${id} was rolled back and is started`);
    must(row !== undefined, `${id} is started before it is committed`);
    must(this.temporal().runsEver(id) === 0, `${id} is started a second time`);
    // A start on its way while another bridge finds the row too old to try is the operator's case, so it is parked.
    must(
      row.deadLetteredAt === undefined || codeOf(row) === 'RETENTION_PASSED',
      `${id} is dead-lettered and is started`,
    );
    if (row.deadLetteredAt !== undefined) return;
    for (const earlier of this.postgres.rows.values()) {
      if (earlier.aggregateId !== row.aggregateId || earlier.sequence >= row.sequence) continue;
      must(
        this.temporal().runsEver(earlier.id) > 0 || earlier.deadLetteredAt !== undefined,
        `${id} is started before ${earlier.id}, an earlier row of its aggregate`,
      );
    }
  }

  /** PostgreSQL is about to lease rows, on a day on which nothing goes wrong. */
  claimsInPeace(rows: readonly ModelRow[]): void {
    for (const { id, leaseUntil } of rows) must(leaseUntil === undefined, `${id} was claimed and forgotten`);
  }

  /** PostgreSQL is about to write how a row ended. */
  settles(row: ModelRow, settlement: Settlement): void {
    const { id } = row;
    must(row.leaseToken === settlement.row.token, `${id} is settled by one who does not hold it`);
    if (settlement.kind === 'started') {
      must(this.temporal().runsEver(id) > 0, `${id} is marked as started and was never started`);
    }
    if (settlement.kind === 'dead-lettered') {
      must(/^[A-Z_]+: ./.test(settlement.error), `${id} is dead-lettered without a reason`);
    }
    if ((settlement.kind === 'failed' || settlement.kind === 'dead-lettered') && settlement.countsAttempt) {
      must(row.retryCount < maxAttempts, `${id} has more attempts than it may have`);
      must(this.isRowsFault(row, settlement.error), `${id} pays for what it did not cause: ${settlement.error}`);
    }
  }

  /** Nothing is left to do: every committed row has come to an end that its defect explains. */
  atTheEnd(): void {
    for (const row of this.postgres.rows.values()) {
      const defect = this.defectOf(row.id);
      const code = codeOf(row);
      must(row.leaseToken === undefined && row.leaseUntil === undefined, `${row.id} keeps a lease`);
      if (row.publishedAt !== undefined) {
        must(this.temporal().runsEver(row.id) === 1, `${row.id} is started and has no run`);
        must(row.deadLetteredAt === undefined && row.lastError === undefined, `${row.id} is started with an error`);
        must(!['invalid', 'foreign', 'refused-always'].includes(defect), `${row.id} (${defect}) is started`);
      } else {
        must(row.deadLetteredAt !== undefined, `${row.id} is left pending: ${row.lastError ?? 'never tried'}`);
        const expected = { invalid: 'INVALID_PAYLOAD', foreign: 'FOREIGN_WORKFLOW', 'refused-always': 'START_REFUSED' };
        const reasons = [
          'RETENTION_PASSED',
          'ROW_KILLS_PROCESS',
          ...(defect in expected ? [expected[defect as 'invalid']] : []),
        ];
        must(reasons.includes(code), `${row.id} (${defect}) is dead-lettered as ${code}`);
      }
    }
  }

  private isRowsFault(row: ModelRow, error: string): boolean {
    const defect = this.defectOf(row.id);
    switch (error.split(':')[0]) {
      case 'INVALID_PAYLOAD':
        return defect === 'invalid';
      case 'FOREIGN_WORKFLOW':
        return defect === 'foreign';
      case 'START_REFUSED':
        return row.retryCount < this.temporal().refusalsOf(row.id);
      case 'RETENTION_PASSED':
        return this.nowMs() - (row.firstAttemptAt ?? Infinity) > this.retentionGuardMs;
      case 'ROW_KILLS_PROCESS':
        return row.unfinishedClaims > unreadAfterClaims;
      default:
        return false;
    }
  }
}

function codeOf(row: ModelRow): string {
  return row.lastError?.split(':')[0] ?? '';
}

function must(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new Violation(otherwise);
}
