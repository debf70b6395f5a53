import { type Logger } from '../../runtime/logger';
import { type PgContentOwners } from '../stores/pg-content-owners';
import { type PgEventStore } from '../stores/pg-event-store';
import { type PgMediaStore } from './pg-media-store';
import { type RedisPendingMedia } from './redis-pending-media';
import { type PgTombstones } from '../stores/pg-tombstones';
import { type UploadWaker } from '../signals/upload-waker';
import { type MediaSettings } from './settings';

export interface MediaDeps {
  readonly events: PgEventStore;
  /** Who wrote a post that an upload names. */
  readonly owners: PgContentOwners;
  readonly media: PgMediaStore;
  readonly pending: RedisPendingMedia;
  readonly tombstones: PgTombstones;
  readonly uploads: UploadWaker;
  readonly settings: MediaSettings;
  readonly logger: Logger;
}
