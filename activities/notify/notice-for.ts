import { type PayloadOf } from '../../contracts/catalogue';
import { type EventRecord } from '../../contracts/event-ref';
import { draftMentions } from '../stores/draft-mentions';
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
  // Looked up again, although the fan-out has asked whether there are any: its result is in the history of the run, where a list
  // of people does not belong, and this activity may be retried long after.
  const mentions = await draftMentions(deps, publication);
  return mentions && noticeOfPost(publication.payload.post_id, mentions.authorId, mentions.userIds);
}
