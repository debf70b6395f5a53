import { type Database } from '../../runtime/postgres';
import { type Contact } from './channel';
import { query } from '../stores/pg-query';

const select = `
  SELECT email, coalesce(display_name, username) AS display_name, state = 'active' AS active
  FROM nova.user_profiles WHERE user_id = $1`;

/** Reads what identity events say of people. */
export class PgUserDirectory {
  constructor(private readonly database: Database) {}

  /** Undefined for a person no identity event spoke of. */
  async contactOf(userId: string): Promise<Contact | undefined> {
    type Row = { email: string | null; display_name: string | null; active: boolean };
    const row = (await query<Row>(this.database, select, [userId])).rows[0];
    if (row === undefined) return undefined;
    return { userId, email: row.email ?? undefined, displayName: row.display_name ?? undefined, active: row.active };
  }
}
