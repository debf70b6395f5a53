export type ContentType = 'post' | 'message' | 'comment';

export interface ContentOwner {
  readonly ownerId: string;
  /** Of a comment: the post it stands under. */
  readonly postId?: string | undefined;
}

/** Who owns what events point to. */
export interface ContentOwners {
  /** Undefined while the event that created the content was not processed. */
  ownerOf(contentType: ContentType, contentId: string): Promise<ContentOwner | undefined>;
  /**
   * True while an event that may have created content of this type is not over: one written before `writtenBeforeMs`
   * (epoch milliseconds) and not on Kafka yet, or only within the last `settlingMs`.
   */
  isComing(contentType: ContentType, writtenBeforeMs: number, settlingMs: number): Promise<boolean>;
  /** Remembers a message or comment; posts are remembered by the feed. Repeating it changes nothing. */
  remember(contentType: Exclude<ContentType, 'post'>, contentId: string, owner: ContentOwner): Promise<void>;
}
