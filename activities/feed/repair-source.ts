/** What the tables say should be in Redis, as pages of ids in their order; `after` is the last id of the page before. */
export interface RepairSource {
  /** Every user who follows another. */
  followers(after: string, limit: number): Promise<readonly string[]>;
  /** Those of the given users who follow another. */
  following(userIds: readonly string[]): Promise<ReadonlySet<string>>;
  /** Authors whose posts readers merge. */
  pullAuthors(after: string, limit: number): Promise<readonly string[]>;
  /** Users whom no reader may show. */
  hiddenUsers(after: string, limit: number): Promise<readonly string[]>;
}
