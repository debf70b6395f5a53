import { audienceOf } from '../../activities/notify/audience';
import { PgAggregateHistory } from '../../activities/stores/pg-aggregate-history';
import { PgContentOwners } from '../../activities/stores/pg-content-owners';
import { PgEventStore } from '../../activities/stores/pg-event-store';
import { noticeFor } from '../../activities/stores/notice-for';
import { definitionOf } from '../../contracts/catalogue';
import { type EventRow, eventRefOf } from '../../contracts/event-ref';
import { type NotificationKind } from '../../contracts/notification-kinds';
import { rowForReplay } from '../../outbox/operators.sql';
import { oneLine } from '../../runtime/errors';
import { type Connections } from '../connections';
import { type Check, fine, note, wrong } from './why';

/** Whether an event is to notify a person, and of what kind that is. */
export interface Audience {
  /** Null: not in the audience, or it is not known. */
  readonly kind: NotificationKind | null;
  readonly check: Check;
}

/** Asked by the code that the workers ask by: who is named, who owns what the event points to, who follows. */
export async function audienceCheck(
  { pool, outboxes }: Connections,
  { outbox, id }: { readonly outbox: string; readonly id: string },
  userId: string,
): Promise<Audience> {
  const row = (await outboxes.of({ outbox }).query<EventRow & { eventType: string }>(rowForReplay, [id])).rows[0];
  const type = row === undefined ? undefined : definitionOf(row.eventType)?.type;
  if (row === undefined || type === undefined)
    return unknown(`this version does not know the type ${row?.eventType ?? ''}, nor whom it notifies`);
  const deps = { events: new PgEventStore(outboxes), history: new PgAggregateHistory(outboxes) };
  try {
    const notice = await noticeFor(deps, await deps.events.load(eventRefOf({ ...row, id }, type, outbox)));
    if (notice === undefined) return not(`a ${type} like this notifies no one`);
    if (notice.actorId === userId) return not(`${userId} caused it, and no one is notified of what they did`);
    const { followersOf, owner } = notice;
    if (followersOf !== undefined) {
      const { rows } = await pool.query('SELECT FROM nova.follows WHERE followee_id = $1 AND follower_id = $2', [
        followersOf.userId,
        userId,
      ]);
      return rows.length === 0
        ? not(`it notifies the followers of ${followersOf.userId}, and ${userId} does not follow them`)
        : among(followersOf.kind, `it notifies the followers of ${followersOf.userId}, and ${userId} follows them`);
    }
    const known =
      owner?.ownerId ??
      (owner && (await new PgContentOwners(pool).ownerOf(owner.contentType, owner.contentId))?.ownerId);
    const one = audienceOf(notice, known).find(({ recipientId }) => recipientId === userId);
    if (one !== undefined) return among(one.kind, `${userId} is to be notified (${one.kind})`);
    if (owner !== undefined && known === undefined)
      return unknown(
        `it notifies the owner of the ${owner.contentType} ${owner.contentId}, who is not known: no event has said who that is`,
        `npx nova why ${owner.contentId}`,
      );
    return not(`it names ${userId} nowhere: not as mentioned, not as a member, not as the owner`);
  } catch (thrown) {
    if ((thrown as { code?: unknown }).code !== '42501')
      return unknown(`whom it notifies could not be read: ${oneLine(thrown)}`);
    return unknown('whom it notifies is in its payload, which this login may not read (the role operator may not)');
  }
}

const among = (kind: NotificationKind, says: string): Audience => ({ kind, check: fine('audience', says) });
const not = (says: string): Audience => ({ kind: null, check: wrong('audience', says, null) });
const unknown = (says: string, cure: string | null = null): Audience => ({
  kind: null,
  check: note('audience', says, cure),
});
