import { type PayloadOf } from '../../contracts/catalogue';
import { contentOf } from '../../contracts/consequences';
import { type EventRecord } from '../../contracts/event-ref';
import { type HistoryOf, type PgAggregateHistory } from './pg-aggregate-history';
import { type PgEventStore } from './pg-event-store';

/**
 * The event that created a post, from the outbox of a later event of that post, where it may still wait for its turn; undefined
 * when none was written before that one, or it was given up, is long gone, or is about another post.
 * @throws NovaError what `PgEventStore.load` throws
 */
export async function createdPost(
  { history, events }: { readonly history: PgAggregateHistory; readonly events: PgEventStore },
  later: HistoryOf,
  postId: string,
): Promise<EventRecord<PayloadOf<'content.post.created'>> | undefined> {
  const creation = await history.creation(later);
  if (creation === undefined) return undefined;
  const created = await events.load<'content.post.created'>(creation);
  return contentOf(created)?.contentId === postId ? created : undefined;
}
