import { type SubjectType, type Tombstone } from '../../contracts/events/consequences';

export interface TombstoneKey {
  readonly type: SubjectType;
  readonly id: string;
}

/** What is known of a subject that was deleted, or whose delete was signalled. */
export interface TombstoneState extends TombstoneKey {
  readonly final: boolean;
  /** Of the latest deleting event; null: none has come, only a signal. */
  readonly sequence: number | null;
  /** Milliseconds for which a signal still holds the subject back, by the database's clock; 0: it does not. */
  readonly heldMs: number;
}

/** Remembers deletes, so that nothing that comes late revives what is gone. */
export interface Tombstones {
  /** Records a delete. Of two for one subject the stronger stays: final before not final, then the later sequence. */
  set(tombstone: Tombstone): Promise<void>;
  /** True when an effect of an event with this sequence on this subject must not happen (any more). */
  voids(subjectType: SubjectType, subjectId: string, sequence: number): Promise<boolean>;
  /** What is known of these subjects; one that was never deleted is left out. */
  states(subjects: readonly TombstoneKey[]): Promise<readonly TombstoneState[]>;
}
