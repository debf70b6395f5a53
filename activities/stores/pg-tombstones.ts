import { type SubjectType, type Tombstone } from '../../contracts/events/consequences';
import { type Database } from '../../runtime/postgres';
import { strongerStays } from './tombstones.sql';
import { query } from './pg-query';

export interface TombstoneKey {
  readonly type: SubjectType;
  readonly id: string;
}

/** What is known of a subject that was deleted, or whose delete was signalled. */
export interface TombstoneState extends TombstoneKey {
  readonly final: boolean;
  /** Of the latest deleting event, drawn in the domain of the subject; null: none has come, only a signal. */
  readonly sequence: number | null;
  /** Of a post: a later event has published it again. */
  readonly overtaken: boolean;
  /** Milliseconds for which a signal still holds the subject back, by the database's clock; 0: it does not. */
  readonly heldMs: number;
}

const upsert = `
  INSERT INTO nova.tombstones AS t (subject_type, subject_id, sequence, final, reason) VALUES ($1, $2, $3, $4, $5)
  ${strongerStays}`;

const selectFinal = `SELECT 1 FROM nova.tombstones WHERE subject_type = $1 AND subject_id = $2 AND final`;

const selectStates = `
  SELECT t.subject_type AS type, t.subject_id AS id, t.final, t.sequence,
    EXISTS (SELECT FROM nova.post_states p WHERE p.sequence > t.sequence
      -- A signal alone has no sequence, and any text for an id.
      AND p.post_id = CASE WHEN t.subject_type = 'post' AND t.sequence IS NOT NULL THEN t.subject_id::uuid END) AS overtaken,
    CASE WHEN nova.tombstone_holds(t.held_until)
      THEN ceil(extract(epoch FROM t.held_until - clock_timestamp()) * 1000) ELSE 0 END::float8 AS "heldMs"
  FROM unnest($1::text[], $2::text[]) AS asked (type, id)
  JOIN nova.tombstones t ON t.subject_type = asked.type AND t.subject_id = asked.id`;

/** Remembers deletes, so that nothing that comes late revives what is gone. */
export class PgTombstones {
  constructor(private readonly database: Database) {}

  /** Records a delete. Of two for one subject the stronger stays: final before not final, then the later sequence. */
  async set({ subjectType, subjectId, sequence, final, reason }: Tombstone): Promise<void> {
    await query(this.database, upsert, [subjectType, subjectId, sequence, final, reason]);
  }

  /** True when the subject is deleted for good: no effect on it must happen (any more), whichever event it is of. */
  async isFinal(subjectType: SubjectType, subjectId: string): Promise<boolean> {
    return (await query(this.database, selectFinal, [subjectType, subjectId])).rowCount === 1;
  }

  /** What is known of these subjects; one that was never deleted is left out. */
  async states(subjects: readonly TombstoneKey[]): Promise<readonly TombstoneState[]> {
    const values = [subjects.map(({ type }) => type), subjects.map(({ id }) => id)];
    return (await query<TombstoneState>(this.database, selectStates, values)).rows;
  }
}
