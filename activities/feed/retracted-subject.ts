import { type PayloadOf } from '../../contracts/catalogue';
import { type EventRecord } from '../../contracts/event-ref';
import { NovaError } from '../../contracts/failures';
import { type PostStatus } from './post-states';
import { type SubjectType } from '../stores/tombstones';

export interface RetractedSubject {
  readonly subjectType: SubjectType;
  readonly subjectId: string;
  /** A later event does not revive it. */
  readonly final: boolean;
  readonly reason: string;
  /** For a post: its new status. */
  readonly postStatus?: PostStatus;
}

/** What a retracting event takes back. */
export function retractedSubject({ eventType, payload }: EventRecord): RetractedSubject {
  switch (eventType) {
    case 'content.post.deleted': {
      const { post_id } = payload as PayloadOf<typeof eventType>;
      return { subjectType: 'post', subjectId: post_id, final: true, reason: 'post deleted', postStatus: 'deleted' };
    }
    case 'content.post.status_updated': {
      const { post_id, new_status: status } = payload as PayloadOf<typeof eventType>;
      return {
        subjectType: 'post',
        subjectId: post_id,
        final: status === 'deleted',
        reason: `post ${status}`,
        postStatus: status,
      };
    }
    case 'message.deleted': {
      const { message_id } = payload as PayloadOf<typeof eventType>;
      return { subjectType: 'message', subjectId: message_id, final: true, reason: 'message deleted' };
    }
    case 'reaction.removed': {
      const { target_id, user_id, emoji } = payload as PayloadOf<typeof eventType>;
      // The same reaction may come back: only what was before this event is void.
      return {
        subjectType: 'reaction',
        subjectId: `${target_id}:${user_id}:${emoji}`,
        final: false,
        reason: 'reaction removed',
      };
    }
    default:
      throw new NovaError('INVALID_PAYLOAD', `${eventType} retracts nothing`);
  }
}
