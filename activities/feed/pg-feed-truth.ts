import { SqlFeedTruth } from '../../feeds/sql-feed-truth';
import { type Database } from '../../runtime/postgres';
import { query } from '../stores/pg-query';

/** Feeds computed from `follows` and `post_states`; each statement is ended by the server in time. */
export class PgFeedTruth extends SqlFeedTruth {
  constructor(database: Database) {
    super({ query: (text, values) => query(database, text, values) });
  }
}
