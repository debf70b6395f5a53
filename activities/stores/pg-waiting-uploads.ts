import { type Database } from '../../runtime/postgres';
import { query } from './pg-query';

const select = `SELECT FROM nova.parked_media WHERE for_post = $1 AND state <> 'linked' LIMIT 1`;

/** Uploads that came before the post they name. */
export class PgWaitingUploads {
  constructor(private readonly database: Database) {}

  /** To be asked after the post is recorded: an upload records itself first and looks for its post second. */
  async waitFor(postId: string): Promise<boolean> {
    return (await query(this.database, select, [postId])).rowCount === 1;
  }
}
