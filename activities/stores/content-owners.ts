import { type ContentType, type CreatedContent } from '../../contracts/events/consequences';

/** Content whose creating event cannot be looked up in the outbox: its aggregate is something else. */
export type InnerContentType = Exclude<ContentType, 'post'>;
export type ContentOwner = Omit<CreatedContent, 'contentId'>;

/** Who owns what events point to. */
export interface ContentOwners {
  /** Undefined while the event that created the content was not processed. */
  ownerOf(contentType: ContentType, contentId: string): Promise<ContentOwner | undefined>;
  /**
   * True while an event that may have created content of this type is not over: one written before `writtenBeforeMs`
   * (epoch milliseconds) and not on Kafka yet, or only within the last `settlingMs`.
   */
  isComing(contentType: InnerContentType, writtenBeforeMs: number, settlingMs: number): Promise<boolean>;
  /** Remembers a message or comment; posts are remembered by the feed. Repeating it changes nothing. */
  remember(contentType: InnerContentType, contentId: string, owner: ContentOwner): Promise<void>;
}
