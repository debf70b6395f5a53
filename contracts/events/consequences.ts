import { type NotificationKind } from '../notification-kinds';

/** What a tombstone can be about. A reaction's id is `target:user:emoji`, a follow's is `follower:followee`. */
export type SubjectType = 'post' | 'message' | 'reaction' | 'follow' | 'user';

/** What an event makes void: of earlier events nothing goes out any more, and what went out is taken back. */
export interface Voided {
  readonly subjectType: SubjectType;
  readonly subjectId: string;
  /** True: nothing revives the subject. False: an event with a later sequence does (archived, then published again). */
  readonly final: boolean;
  /** Shown to operators; no content. */
  readonly reason: string;
}

export interface Tombstone extends Voided {
  /** Of the deleting event. */
  readonly sequence: number;
}

/** Content that others can point to: comment on it, react to it. */
export type ContentType = 'post' | 'message' | 'comment';

/** What an event creates. */
export interface CreatedContent {
  readonly contentId: string;
  readonly ownerId: string;
  /** Of a comment: the post it stands under. */
  readonly postId?: string | undefined;
}

/** What a notification is about and goes with when it is deleted. */
export interface Subject {
  readonly type: ContentType | 'user' | 'stream';
  readonly id: string;
}

/** What exactly happened: the reaction on a post, the comment under it, or the subject itself. */
export interface Item {
  readonly type: string;
  readonly id: string;
}

/** What an event says about who is notified, before anything is looked up. */
export interface Notice {
  /** Who caused it, and is never notified of it; null for the system. */
  readonly actorId: string | null;
  readonly subject: Subject;
  readonly item: Item;
  /** A tombstone on any of these takes the notifications back. */
  readonly voidedBy: readonly { readonly type: SubjectType; readonly id: string }[];
  /** Named in the event. A person named twice is notified of the first kind only. */
  readonly notified: readonly { readonly kind: NotificationKind; readonly userIds: readonly string[] }[];
  /** The owner of this content is notified as well, unless named above. */
  readonly owner?: {
    readonly contentType: ContentType;
    readonly contentId: string;
    /** When the event names the owner itself. */
    readonly ownerId: string | undefined;
    readonly kind: NotificationKind;
  };
  /** Everyone who follows this user is notified, instead of the named. */
  readonly followersOf?: { readonly userId: string; readonly kind: NotificationKind };
  /** What kind of alert: chooses the wording. A code of the catalogue, never content. */
  readonly detail?: string;
}

/** What an event says of a user. A field that is left out, or undefined, stays what it was. */
export interface ProfileFacts {
  readonly userId: string;
  readonly username?: string | undefined;
  readonly email?: string | undefined;
  readonly displayName?: string | undefined;
  readonly avatarUrl?: string | undefined;
  readonly isVerified?: boolean | undefined;
}

/**
 * What follows from an event of one type, as pure functions of its validated payload. Activities read it from here and
 * know no event type by name; a type that leaves a field out has no such consequence.
 */
export interface Consequences<Payload> {
  /** Whom the event notifies of what; undefined: no one. */
  notifies?(payload: Payload): Notice | undefined;
  /** What the event deletes, archives, ends or hides; undefined: nothing. */
  voids?(payload: Payload): Voided | undefined;
  /** What the event creates that later events point to. */
  readonly creates?: { readonly contentType: ContentType; readonly content: (payload: Payload) => CreatedContent };
  /** The event makes public what the first event of its aggregate created as a draft. */
  readonly publishes?: Publication;
  /** What the event says of a user. */
  profile?(payload: Payload): ProfileFacts;
}

export interface Publication {
  /** It does when its payload has these values. */
  readonly when: Readonly<Record<string, string>>;
  /** Whom the first such event notifies, by the payload of the event that created the content; undefined: no one. */
  notifies(creation: never): Notice | undefined;
}

/** A person's reaction has no id of its own: `target:user:emoji` is one, in notifications and in tombstones. */
export function reactionId(reaction: { target_id: string; user_id: string; emoji: string }): string {
  return `${reaction.target_id}:${reaction.user_id}:${reaction.emoji}`;
}

/** A follow has no id either: `follower:followee`. */
export function followId(follow: { follower_id: string; followee_id: string }): string {
  return `${follow.follower_id}:${follow.followee_id}`;
}

/** The two UUIDs in the id of a follow. */
export function usersOfFollow(id: string): { readonly followerId: string; readonly followeeId: string } {
  const [followerId = '', followeeId = ''] = id.split(':');
  return { followerId, followeeId };
}
