import { type PgAggregateHistory } from '../stores/pg-aggregate-history';
import { type PgAuthorTraces } from './pg-author-traces';
import { type PgEventStore } from '../stores/pg-event-store';
import { type PgFollowWriter } from './pg-follow-writer';
import { type EffectMeter } from '../effect-meter';
import { type FeedPurge } from './feed-purge';
import { type FeedStore } from './feed-store';
import { type IdWalk } from './id-walk';
import { type FollowerSource } from '../stores/follower-source';
import { type AuthorPosts, type PostStates } from './post-states';
import { type RunSignaller } from '../signals/run-signaller';
import { type PgTombstones } from '../stores/pg-tombstones';
import { type PgWaitingUploads } from '../stores/pg-waiting-uploads';
import { type FeedSettings } from './settings';

export interface FeedDeps {
  readonly events: PgEventStore;
  readonly history: PgAggregateHistory;
  readonly tombstones: PgTombstones;
  readonly followers: FollowerSource;
  /** Absent: a service of the deployment writes who follows whom. */
  readonly followWriter?: PgFollowWriter;
  readonly feeds: FeedStore;
  readonly posts: PostStates & AuthorPosts;
  readonly walk: IdWalk;
  readonly purge: FeedPurge;
  readonly traces: PgAuthorTraces;
  readonly uploads: PgWaitingUploads;
  readonly runs: RunSignaller;
  readonly settings: FeedSettings;
  readonly meter?: EffectMeter | undefined;
}
