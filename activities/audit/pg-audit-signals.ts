import { type Database } from '../../runtime/postgres';
import { type AuditSignals } from './audit-signals';
import { query } from '../stores/pg-query';

const select = `
  SELECT count(*)::int AS count, coalesce((array_agg(subject_id ORDER BY held_until DESC))[1:3], '{}') AS examples
  FROM nova.tombstones
  WHERE held_until > now() - interval '7 days' AND held_until < now() AND NOT final`;

export class PgAuditSignals implements AuditSignals {
  constructor(private readonly database: Database) {}

  async withoutDelete(): Promise<{ readonly count: number; readonly examples: readonly string[] }> {
    const { rows } = await query<{ count: number; examples: string[] }>(this.database, select, []);
    return rows[0] ?? { count: 0, examples: [] };
  }
}
