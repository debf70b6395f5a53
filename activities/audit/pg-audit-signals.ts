import { type Database } from '../../runtime/postgres';
import { query } from '../stores/pg-query';

const select = `
  SELECT count(*)::int AS count, coalesce((array_agg(subject_id ORDER BY held_until DESC))[1:3], '{}') AS examples
  FROM nova.tombstones
  WHERE held_until > now() - interval '7 days' AND held_until < now() AND NOT final`;

/** Signalled deletes, as the audit looks at them. */
export class PgAuditSignals {
  constructor(private readonly database: Database) {}

  /** Those of the last week whose hold is over and whose delete event has not come; up to three ids of what they were about. */
  async withoutDelete(): Promise<{ readonly count: number; readonly examples: readonly string[] }> {
    const { rows } = await query<{ count: number; examples: string[] }>(this.database, select, []);
    return rows[0] ?? { count: 0, examples: [] };
  }
}
