import { noticeOf, publicationOf } from '../../contracts/consequences';
import { type EventRecord } from '../../contracts/event-ref';
import { type Notice } from '../../contracts/events/consequences';
import { type PgAggregateHistory } from './pg-aggregate-history';
import { createdPost } from './created-post';
import { type PgEventStore } from './pg-event-store';

interface Deps {
  readonly history: PgAggregateHistory;
  readonly events: PgEventStore;
}

/**
 * What the event says about who is notified, with what only the outbox knows; undefined when it notifies no one. Asked
 * again by each activity, and not handed from one to the next: a result is in the history of the run, where a list of
 * people does not belong, and an activity may be retried long after.
 * @throws NovaError what `PgEventStore.load` throws
 */
export async function noticeFor(deps: Deps, event: EventRecord): Promise<Notice | undefined> {
  return noticeOf(event) ?? (await draftNotice(deps, event));
}

/**
 * Whom a draft notifies, when this event is the first that publishes it: its creation notified none of them, and a later
 * publication, after an archive, is no news. Both are asked of the outbox, where they were committed before, so the
 * order in which the events run does not matter. Undefined when there is no one to notify, or the creation is long gone.
 */
async function draftNotice(deps: Deps, event: EventRecord): Promise<Notice | undefined> {
  const publication = publicationOf(event);
  if (publication === undefined) return undefined;
  const created = await createdPost(deps, event, event.aggregateId);
  const notice = created && publication.notifies(created.payload as never);
  if (notice === undefined) return undefined;
  const first = await deps.history.firstPublication({ ...event, when: publication.when });
  return first === event.eventId ? notice : undefined;
}
