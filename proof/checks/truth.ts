import { type EventType } from '../../contracts/catalogue';

/** A committed event, as its outbox row and the service that wrote it report it. */
export interface TrueEvent {
  readonly id: string;
  /** The canonical type, as the writer meant it, whatever spelling the row has. */
  readonly type: EventType;
  readonly aggregateId: string;
  readonly sequence: number;
  readonly priority: number;
  /** Epoch milliseconds of the row's created_at: the feed score. */
  readonly createdAtMs: number;
  /** Epoch milliseconds right before COMMIT. */
  readonly committedAtMs: number;
  readonly payload: Readonly<Record<string, unknown>>;
}

export interface TruePost {
  readonly authorId: string;
  readonly status: string;
  readonly caption: string;
}

/** What is so, by the tables of the business services: nothing here was computed by the code under test. */
export interface Truth {
  /** In the order of their sequence. */
  readonly events: readonly TrueEvent[];
  readonly rolledBack: ReadonlySet<string>;
  readonly posts: ReadonlyMap<string, TruePost>;
  /** Message id to sender. */
  readonly messages: ReadonlyMap<string, { readonly ownerId: string; readonly deleted: boolean }>;
  readonly comments: ReadonlyMap<string, { readonly ownerId: string; readonly postId: string }>;
  /** Those who left: `hidden` or `deleted`. */
  readonly gone: ReadonlyMap<string, 'hidden' | 'deleted'>;
  /** Followee to followers, for everyone who wrote a post or went live. */
  readonly followers: ReadonlyMap<string, readonly string[]>;
  /** `followee follower` of follows that ended because the follower left, without an event of their own. */
  readonly endedFollows: ReadonlySet<string>;
  /** Authors with more followers than this are not pushed into feeds. */
  readonly pullThreshold: number;
  /** Most posts that a feed holds. */
  readonly feedCap: number;
  /** Switches that people have set, by `user kind channel`. */
  readonly preferences: ReadonlyMap<string, boolean>;
}

export function isDeleted(truth: Pick<Truth, 'posts' | 'gone'>, postId: string): boolean {
  const post = truth.posts.get(postId);
  return post !== undefined && (post.status === 'deleted' || truth.gone.get(post.authorId) === 'deleted');
}

/** A payload field that holds an id; empty when absent. */
export function idIn(payload: Readonly<Record<string, unknown>>, field: string): string {
  const value = payload[field];
  return typeof value === 'string' ? value : '';
}

/** A payload field that holds a list of ids; empty when absent. */
export function idsIn(payload: Readonly<Record<string, unknown>>, field: string): readonly string[] {
  const value = payload[field];
  return Array.isArray(value) ? (value as string[]) : [];
}
