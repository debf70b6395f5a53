import { type Notice } from '../../contracts/events/consequences';
import { type NotificationKind } from '../../contracts/notification-kinds';

/** One person to be notified, and why. */
export interface Recipient {
  readonly recipientId: string;
  readonly kind: NotificationKind;
}

/** Everyone named, and the owner when known: each once, never the actor, ordered by id so that pages are stable. */
export function audienceOf(notice: Notice, ownerId: string | undefined): Recipient[] {
  const kinds = new Map<string, NotificationKind>();
  const add = (userId: string, kind: NotificationKind): void => {
    if (userId !== notice.actorId && !kinds.has(userId)) kinds.set(userId, kind);
  };
  for (const { kind, userIds } of notice.notified) for (const userId of userIds) add(userId, kind);
  if (notice.owner !== undefined && ownerId !== undefined) add(ownerId, notice.owner.kind);
  return [...kinds]
    .map(([recipientId, kind]) => ({ recipientId, kind }))
    .sort((a, b) => (a.recipientId < b.recipientId ? -1 : 1));
}

/** The part of the audience after `cursor`, at most `limit` people. */
export function pageOf(
  audience: readonly Recipient[],
  cursor: string | null,
  limit: number,
): { readonly recipients: readonly Recipient[]; readonly next: string | null } {
  const rest = cursor === null ? audience : audience.filter(({ recipientId }) => recipientId > cursor);
  const recipients = rest.slice(0, limit);
  return { recipients, next: rest.length > limit ? (recipients.at(-1)?.recipientId ?? null) : null };
}
