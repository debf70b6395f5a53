import { type PayloadOf } from '../../contracts/catalogue';
import { type EventRecord } from '../../contracts/event-ref';
import { draftMentions } from '../draft-mentions';
import { noticeOf, noticeOfPost } from './audience';
import { type NotifyDeps } from './deps';
import { type Notice } from './notice';

/** What the event says about who is notified, with what only the outbox knows; undefined when it notifies no one. */
export async function noticeFor(
  deps: Pick<NotifyDeps, 'history' | 'events'>,
  record: EventRecord,
): Promise<Notice | undefined> {
  if (record.eventType !== 'content.post.status_updated') return noticeOf(record);
  const publication = record as EventRecord<PayloadOf<'content.post.status_updated'>>;
  const mentions = await draftMentions(deps, publication);
  return mentions && noticeOfPost(publication.payload.post_id, mentions.authorId, mentions.userIds);
}
