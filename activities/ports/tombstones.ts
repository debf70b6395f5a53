/** What a tombstone can be about. A reaction's id is `target:user:emoji`. */
export type SubjectType = 'post' | 'message' | 'reaction' | 'user';

export interface Tombstone {
  readonly subjectType: SubjectType;
  readonly subjectId: string;
  /** Of the deleting event; null when a service signalled the delete ahead of its event. */
  readonly sequence: number | null;
  /** True: nothing revives the subject. False: an event with a later sequence does (archived, then published again). */
  readonly final: boolean;
  readonly reason: string;
}

/** Remembers deletes, so that nothing that comes late revives what is gone. */
export interface Tombstones {
  /** Records a delete. Of two for one subject the stronger stays: final before not final, then the later sequence. */
  set(tombstone: Tombstone): Promise<void>;
  /** True when an effect of an event with this sequence on this subject must not happen (any more). */
  voids(subjectType: SubjectType, subjectId: string, sequence: number): Promise<boolean>;
}
