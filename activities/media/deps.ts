import { type Logger } from '../../runtime/logger';
import { type AggregateHistory } from '../stores/aggregate-history';
import { type ContentOwners } from '../stores/content-owners';
import { type EventStore } from '../stores/event-store';
import { type MediaStore } from './media-store';
import { type PendingMedia } from './pending-media';
import { type Tombstones } from '../stores/tombstones';
import { type UploadWaker } from '../signals/upload-waker';
import { type MediaSettings } from './settings';

export interface MediaDeps {
  readonly events: EventStore;
  /** Who wrote a post that an upload names. */
  readonly owners: ContentOwners;
  readonly history: AggregateHistory;
  readonly media: MediaStore;
  readonly pending: PendingMedia;
  readonly tombstones: Tombstones;
  readonly uploads: UploadWaker;
  readonly settings: MediaSettings;
  readonly logger: Logger;
}
