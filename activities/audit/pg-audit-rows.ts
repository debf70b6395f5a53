import { type Pool } from 'pg';
import { definitionOf, spellingsOf } from '../../contracts/catalogue';
import { mainOutbox } from '../../contracts/outbox-name';
import { isUuid } from '../../runtime/uuid';
import * as sql from '../../outbox/audit.sql';
import { query } from '../stores/pg-query';

/** A row of an outbox as the audit sees it. Times are epoch microseconds by the database's clock; null: never. */
export interface AuditRow {
  readonly outbox: string;
  readonly eventId: string;
  readonly sequence: number;
  /** As written: any accepted spelling. */
  readonly eventType: string;
  readonly priority: number;
  readonly createdUs: number;
  readonly publishedUs: number | null;
  readonly emittedUs: number | null;
  readonly deadLettered: boolean;
  readonly lastError: string | null;
  readonly claimCount: number;
  /** The end of the lease, whether it is over or not. */
  readonly leaseUntilUs: number | null;
}

/** Why a row is still pending. `none`: nothing says so. */
export type PendingReason = 'error' | 'leased' | 'paused' | 'outage' | 'held' | 'behind' | 'none';

export interface PendingRow extends AuditRow {
  readonly reason: PendingReason;
  /** How many pending rows of its priority come before it, counted up to a bound: the claim takes those first. */
  readonly ahead: number;
}

/** What the bridges that are alive say of themselves. */
export interface Bridges {
  readonly alive: number;
  /** Codes of the outages they are in. */
  readonly outages: readonly string[];
  /** Event types, in every spelling, that any of them has paused. */
  readonly pausedSpellings: readonly string[];
}

/** A place in the rows by time of a mark: after it, up to `toUs`. */
export interface MarkPage {
  readonly afterUs: number;
  readonly afterId: string;
  readonly toUs: number;
  readonly limit: number;
}

export interface PendingLimits {
  /** Age from which a pending row must have a reason, microseconds, by priority. */
  readonly budgetUs: readonly number[];
  /** How long after its end a lease still counts as held. */
  readonly leaseMarginUs: number;
  /** Claims without an outcome beyond which a lease in force is no reason any more. */
  readonly maxClaims: number;
}

/** What became of an event, as far as its row says. `recent`: started so lately that Temporal may not list its run yet. */
export type EventProgress = 'pending' | 'dead' | 'recent' | 'started';

/**
 * One outbox as the audit reads it: short statements, no transaction, no lock.
 * All methods throw NovaError DATABASE_UNAVAILABLE when PostgreSQL is away.
 */
export class PgAuditRows {
  constructor(
    private readonly pool: Pool,
    /** Its name. */
    readonly outbox: string = mainOutbox,
  ) {}

  /** The database's clock, epoch microseconds. */
  async nowUs(): Promise<number> {
    const { rows } = await query<{ nowUs: number }>(this.pool, sql.now, []);
    return rows[0]?.nowUs ?? NaN;
  }

  async bridges(): Promise<Bridges> {
    const { rows } = await query<{ state: string; reason: string | null; pausedTypes: Record<string, string> }>(
      this.pool,
      sql.livingBridges,
      [],
    );
    return {
      alive: rows.length,
      outages: rows
        .filter(({ state }) => state === 'outage' || state === 'refused')
        .map(({ state, reason }) => reason?.split(':')[0] ?? state),
      pausedSpellings: [
        ...new Set(
          rows.flatMap(({ pausedTypes }) =>
            Object.keys(pausedTypes).flatMap((type) => {
              const definition = definitionOf(type);
              return definition === undefined ? [type] : spellingsOf(definition.type);
            }),
          ),
        ),
      ],
    };
  }

  /** Rows by (published_at, id). */
  async marked(page: MarkPage): Promise<AuditRow[]> {
    return this.rows(sql.marked, placeOf(page));
  }

  /** Rows by (emitted_at, id). */
  async emitted(page: MarkPage): Promise<AuditRow[]> {
    return this.rows(sql.emitted, placeOf(page));
  }

  /** Rows of these ids; `createdSinceUs` bounds where they are looked for, if given. Ids that are no UUIDs have none. */
  async byIds(ids: readonly string[], createdSinceUs?: number): Promise<AuditRow[]> {
    const wanted = ids.filter(isUuid);
    if (wanted.length === 0) return [];
    return createdSinceUs === undefined
      ? this.rows(sql.byIdsAnywhere, [wanted])
      : this.rows(sql.byIds, [wanted, createdSinceUs]);
  }

  /** Whether its row was a dead letter that a person took out. */
  async wasDiscarded(eventId: string): Promise<boolean> {
    return (await query<{ id: string }>(this.pool, sql.discarded, [[eventId]])).rows.length > 0;
  }

  /** Whether two rows of one id in this outbox are the same event, written twice: the same type, aggregate and payload. */
  async areSameEvent(one: AuditRow, other: AuditRow): Promise<boolean> {
    if (typeOf(one) !== typeOf(other)) return false;
    const { rows } = await query<{ same: boolean }>(this.pool, sql.saySame, [
      one.eventId,
      one.sequence,
      other.sequence,
    ]);
    return rows[0]?.same ?? false;
  }

  /** Those of these ids that are pending (neither started nor dead-lettered), with the reason. */
  async pending(ids: readonly string[], bridges: Bridges, limits: PendingLimits): Promise<PendingRow[]> {
    const wanted = ids.filter(isUuid);
    if (wanted.length === 0) return [];
    return this.rows(sql.pendingByIds, [...why(bridges, limits), wanted]);
  }

  /** How many rows are pending past their budget, by reason. */
  async pendingCounts(bridges: Bridges, limits: PendingLimits) {
    type Row = { reason: PendingReason; count: number; examples: string[] };
    return (await query<Row>(this.pool, sql.pendingCounts, why(bridges, limits))).rows;
  }

  /** The first `limit` rows of each priority that are pending past their budget for no reason that shows. */
  async unexplainedPending(bridges: Bridges, limits: PendingLimits, limit: number): Promise<PendingRow[]> {
    return this.rows(sql.unexplainedPending, [...why(bridges, limits), limit]);
  }

  /**
   * Whether anything was started since, and which of these pending rows the claim has passed by: a later row of their
   * priority, not started along with an earlier one of its own aggregate, was started since.
   */
  async progress(ids: readonly string[], sinceUs: number) {
    const started = await query<{ started: boolean }>(this.pool, sql.startedSince, [sinceUs]);
    const { rows } = await query<{ id: string }>(this.pool, sql.passedBy, [ids, sinceUs]);
    return { started: started.rows[0]?.started ?? false, passedBy: new Set(rows.map(({ id }) => id)) };
  }

  /** Published before `beforeUs`, not emitted, not given up; by (published_at, id) after the given place. */
  async unemitted(page: { afterUs: number; afterId: string; beforeUs: number; limit: number }): Promise<AuditRow[]> {
    return this.rows(sql.unemitted, placeOf({ ...page, toUs: page.beforeUs }));
  }

  async deadLetters(): Promise<{ count: number; examples: readonly string[] }> {
    const { rows } = await query<{ count: number; examples: string[] | null }>(this.pool, sql.deadLetters, []);
    return { count: rows[0]?.count ?? 0, examples: rows[0]?.examples ?? [] };
  }

  /** The first and the newest events of each aggregate, a bounded number. `recentMs`: age of a start that counts as recent. */
  async progressOf(aggregateIds: readonly string[], recentMs: number) {
    type Row = { readonly eventId: string; readonly progress: EventProgress };
    return (await query<Row>(this.pool, sql.progressOfAggregates, [aggregateIds, recentMs])).rows;
  }

  private async rows<Row extends AuditRow>(text: string, values: unknown[]): Promise<Row[]> {
    const { rows } = await query<Omit<Row, 'outbox'>>(this.pool, text, values);
    return rows.map((row) => ({ outbox: this.outbox, ...row }) as Row);
  }
}

/** Of the catalogue, whatever the spelling. */
function typeOf({ eventType }: AuditRow): string {
  return definitionOf(eventType)?.type ?? eventType;
}

function placeOf({ afterUs, afterId, toUs, limit }: MarkPage): unknown[] {
  return [afterUs, afterId, toUs, limit];
}

/** An outage explains when every bridge that lives is in one; a living bridge that works must get to the row. */
function why(bridges: Bridges, limits: PendingLimits): unknown[] {
  const allOut = bridges.alive > 0 && bridges.outages.length === bridges.alive;
  return [limits.budgetUs, limits.leaseMarginUs, limits.maxClaims, bridges.pausedSpellings, allOut];
}
