import { type Database, asDatabaseError } from '../../runtime/postgres';
import { type SubjectType, type Tombstone, type Tombstones } from '../ports/tombstones';

const upsert = `
  INSERT INTO tombstones AS t (subject_type, subject_id, sequence, final, reason) VALUES ($1, $2, $3, $4, $5)
  ON CONFLICT (subject_type, subject_id) DO UPDATE
    SET sequence = greatest(t.sequence, excluded.sequence),
        final = t.final OR excluded.final,
        reason = excluded.reason
  WHERE NOT t.final OR t.sequence IS NULL`;

const select = `
  SELECT 1 FROM tombstones WHERE subject_type = $1 AND subject_id = $2 AND (final OR sequence >= $3)`;

export class PgTombstones implements Tombstones {
  constructor(private readonly database: Database) {}

  async set({ subjectType, subjectId, sequence, final, reason }: Tombstone): Promise<void> {
    await this.query(upsert, [subjectType, subjectId, sequence, final, reason]);
  }

  async voids(subjectType: SubjectType, subjectId: string, sequence: number): Promise<boolean> {
    return (await this.query(select, [subjectType, subjectId, sequence])).rowCount === 1;
  }

  private query(sql: string, values: unknown[]) {
    return this.database
      .query(sql, values)
      .catch((thrown: unknown) => Promise.reject(asDatabaseError(thrown) as Error));
  }
}
