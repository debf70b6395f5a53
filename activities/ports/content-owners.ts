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
  /** Remembers a message or comment; posts are remembered by the feed. Repeating it changes nothing. */
  remember(contentType: Exclude<ContentType, 'post'>, contentId: string, owner: ContentOwner): Promise<void>;
}
