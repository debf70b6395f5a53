import { type AggregateHistory } from '../ports/aggregate-history';
import { type AuthorTraces } from '../ports/author-traces';
import { type EventStore } from '../ports/event-store';
import { type FollowWriter } from '../ports/follow-writer';
import { type FeedPurge } from '../ports/feed-purge';
import { type FeedStore } from '../ports/feed-store';
import { type IdWalk } from '../ports/id-walk';
import { type FollowerSource } from '../ports/follower-source';
import { type AuthorPosts, type PostStates } from '../ports/post-states';
import { type RunSignaller } from '../ports/run-signaller';
import { type Tombstones } from '../ports/tombstones';
import { type FeedSettings } from './settings';

export interface FeedDeps {
  readonly events: EventStore;
  readonly history: AggregateHistory;
  readonly tombstones: Tombstones;
  readonly followers: FollowerSource;
  /** Absent: a service of the deployment writes who follows whom. */
  readonly followWriter?: FollowWriter;
  readonly feeds: FeedStore;
  readonly posts: PostStates & AuthorPosts;
  readonly walk: IdWalk;
  readonly purge: FeedPurge;
  readonly traces: AuthorTraces;
  readonly runs: RunSignaller;
  readonly settings: FeedSettings;
}
