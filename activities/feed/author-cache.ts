import { type PublicProfile } from '../stores/pg-user-profiles';

/** Author data for feed readers, and the set of users no one is shown. A copy: PostgreSQL is the truth. */
export interface AuthorCache {
  put(userId: string, profile: PublicProfile): Promise<void>;
  /** Hides the user from every reader and drops what was cached of them. */
  hide(userId: string): Promise<void>;
}
