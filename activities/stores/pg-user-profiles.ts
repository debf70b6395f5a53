import { type ProfileFacts } from '../../contracts/events/consequences';
import { type Database } from '../../runtime/postgres';
import { query } from './pg-query';

/** The author data other parts show. */
export interface PublicProfile {
  readonly username: string | null;
  readonly displayName: string | null;
  readonly avatarUrl: string | null;
  readonly isVerified: boolean;
}

export interface StoredProfile extends PublicProfile {
  readonly userId: string;
  readonly state: 'active' | 'hidden' | 'deleted';
}

/** Fields an event carried; what it did not carry stays as it is. */
export interface ProfileChange extends ProfileFacts {
  readonly sequence: number;
}

const fields = ['username', 'display_name', 'avatar_url', 'is_verified', 'email'] as const;

/** True when the event carried the field and no newer one has set it. */
const isNewer = (field: string): string =>
  `(excluded.field_sequences ? '${field}'
    AND coalesce((u.field_sequences ->> '${field}')::bigint, 0) < excluded.sequence)`;

/** Each field keeps the value of the newest event that carried it, so the order of arrival does not matter. */
const upsert = `
  INSERT INTO nova.user_profiles AS u (user_id, sequence, username, display_name, avatar_url, is_verified, email, field_sequences)
  VALUES ($1, $2, $3, $4, $5, coalesce($6, false), $7, $8)
  ON CONFLICT (user_id) DO UPDATE SET
    ${fields.map((field) => `${field} = CASE WHEN ${isNewer(field)} THEN excluded.${field} ELSE u.${field} END`).join(',\n    ')},
    field_sequences = u.field_sequences || (
      SELECT coalesce(jsonb_object_agg(f.key, f.value), '{}') FROM jsonb_each(excluded.field_sequences) f
      WHERE coalesce((u.field_sequences ->> f.key)::bigint, 0) < excluded.sequence),
    sequence = greatest(u.sequence, excluded.sequence),
    updated_at = now()
  WHERE u.state <> 'deleted'`;

const hide = `
  INSERT INTO nova.user_profiles AS u (user_id, sequence, state) VALUES ($1, $2, 'hidden')
  ON CONFLICT (user_id) DO UPDATE
    SET state = 'hidden', sequence = greatest(u.sequence, excluded.sequence), updated_at = now()
  WHERE u.state <> 'deleted'`;

const erase = `
  INSERT INTO nova.user_profiles AS u (user_id, sequence, state) VALUES ($1, $2, 'deleted')
  ON CONFLICT (user_id) DO UPDATE
    SET state = 'deleted', sequence = greatest(u.sequence, excluded.sequence), updated_at = now(),
        username = NULL, display_name = NULL, avatar_url = NULL, is_verified = false, email = NULL, field_sequences = '{}'`;

const select = `
  SELECT user_id, username, display_name, avatar_url, is_verified, state FROM nova.user_profiles WHERE user_id = $1`;

interface Row {
  user_id: string;
  username: string | null;
  display_name: string | null;
  avatar_url: string | null;
  is_verified: boolean;
  state: StoredProfile['state'];
}

/** Our copy of the users, field by field the newest whatever order events come in. */
export class PgUserProfiles {
  constructor(private readonly database: Database) {}

  /** Never revives: a hidden user stays hidden, and of a deleted one nothing is stored again. */
  async apply({ userId, sequence, username, displayName, avatarUrl, isVerified, email }: ProfileChange): Promise<void> {
    const values = [username, displayName, avatarUrl, isVerified, email];
    const carried = fields.filter((_, i) => values[i] !== undefined).map((field) => [field, sequence] as const);
    await query(this.database, upsert, [
      userId,
      sequence,
      ...values.map((value) => value ?? null),
      JSON.stringify(Object.fromEntries(carried)),
    ]);
  }

  /** Soft delete: kept, shown nowhere. */
  async hide(userId: string, sequence: number): Promise<void> {
    await query(this.database, hide, [userId, sequence]);
  }

  /** Hard delete: names and address are erased. */
  async erase(userId: string, sequence: number): Promise<void> {
    await query(this.database, erase, [userId, sequence]);
  }

  async find(userId: string): Promise<StoredProfile | undefined> {
    const row = (await query<Row>(this.database, select, [userId])).rows[0];
    if (row === undefined) return undefined;
    return {
      userId: row.user_id,
      username: row.username,
      displayName: row.display_name,
      avatarUrl: row.avatar_url,
      isVerified: row.is_verified,
      state: row.state,
    };
  }
}
