import { type ProfileFacts } from '../../contracts/events/consequences';

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

/** Our copy of the users, field by field the newest whatever order events come in. */
export interface UserProfiles {
  /** Never revives: a hidden user stays hidden, and of a deleted one nothing is stored again. */
  apply(change: ProfileChange): Promise<void>;
  /** Soft delete: kept, shown nowhere. */
  hide(userId: string, sequence: number): Promise<void>;
  /** Hard delete: names and address are erased. */
  erase(userId: string, sequence: number): Promise<void>;
  find(userId: string): Promise<StoredProfile | undefined>;
}
