import { type Pool } from 'pg';
import { definitionOf, spellingsOf } from '../../contracts/catalogue';
import {
  type AuditRow,
  type AuditRows,
  type Bridges,
  type MarkPage,
  type PendingLimits,
  type PendingReason,
  type PendingRow,
} from './audit-rows';
import { isUuid } from '../../runtime/uuid';
import * as sql from '../../outbox/audit.sql';
import { query } from '../stores/pg-query';

export class PgAuditRows implements AuditRows {
  constructor(private readonly pool: Pool) {}

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

  async marked(page: MarkPage): Promise<AuditRow[]> {
    return (await query<AuditRow>(this.pool, sql.marked, placeOf(page))).rows;
  }

  async emitted(page: MarkPage): Promise<AuditRow[]> {
    return (await query<AuditRow>(this.pool, sql.emitted, placeOf(page))).rows;
  }

  async byIds(ids: readonly string[], createdSinceUs?: number): Promise<AuditRow[]> {
    const wanted = ids.filter(isUuid);
    if (wanted.length === 0) return [];
    const { rows } =
      createdSinceUs === undefined
        ? await query<AuditRow>(this.pool, sql.byIdsAnywhere, [wanted])
        : await query<AuditRow>(this.pool, sql.byIds, [wanted, createdSinceUs]);
    return rows;
  }

  async areSameEvent(one: AuditRow, other: AuditRow): Promise<boolean> {
    if (typeOf(one) !== typeOf(other)) return false;
    const { rows } = await query<{ same: boolean }>(this.pool, sql.saySame, [
      one.eventId,
      one.sequence,
      other.sequence,
    ]);
    return rows[0]?.same ?? false;
  }

  async pending(ids: readonly string[], bridges: Bridges, limits: PendingLimits): Promise<PendingRow[]> {
    const wanted = ids.filter(isUuid);
    if (wanted.length === 0) return [];
    return (await query<PendingRow>(this.pool, sql.pendingByIds, [...why(bridges, limits), wanted])).rows;
  }

  async pendingCounts(bridges: Bridges, limits: PendingLimits) {
    type Row = { reason: PendingReason; count: number; examples: string[] };
    return (await query<Row>(this.pool, sql.pendingCounts, why(bridges, limits))).rows;
  }

  async unexplainedPending(bridges: Bridges, limits: PendingLimits, limit: number): Promise<PendingRow[]> {
    return (await query<PendingRow>(this.pool, sql.unexplainedPending, [...why(bridges, limits), limit])).rows;
  }

  async progress(ids: readonly string[], sinceUs: number) {
    const started = await query<{ started: boolean }>(this.pool, sql.startedSince, [sinceUs]);
    const { rows } = await query<{ id: string }>(this.pool, sql.passedBy, [ids, sinceUs]);
    return { started: started.rows[0]?.started ?? false, passedBy: new Set(rows.map(({ id }) => id)) };
  }

  async unemitted(page: { afterUs: number; afterId: string; beforeUs: number; limit: number }): Promise<AuditRow[]> {
    return (await query<AuditRow>(this.pool, sql.unemitted, placeOf({ ...page, toUs: page.beforeUs }))).rows;
  }

  async deadLetters(): Promise<{ count: number; examples: readonly string[] }> {
    const { rows } = await query<{ count: number; examples: string[] | null }>(this.pool, sql.deadLetters, []);
    return { count: rows[0]?.count ?? 0, examples: rows[0]?.examples ?? [] };
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
