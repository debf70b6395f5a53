import { type Logger } from '../../runtime/logger';
import { type AggregateHistory } from '../ports/aggregate-history';
import { type ContentOwners } from '../ports/content-owners';
import { type EventStore } from '../ports/event-store';
import { type MediaStore } from '../ports/media-store';
import { type PendingMedia } from '../ports/pending-media';
import { type Tombstones } from '../ports/tombstones';
import { type UploadWaker } from '../ports/upload-waker';
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
