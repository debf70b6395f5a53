import { type Domain } from './events/define';
import { type SubjectType } from './events/consequences';
import { type NotificationKind } from './notification-kinds';

/**
 * Whose sequences are where. A sequence is drawn in the database of the service that writes the event: of two, only those of one
 * domain say which came first. What state keeps of an event has its sequence and, by these tables, its domain
 * (docs/decisions/0020-facts-between-services.md). A test holds both to the catalogue.
 */

/** The domain of the events that set tombstones on such a subject. */
export const domainOfSubject: Readonly<Record<SubjectType, Domain>> = {
  post: 'content',
  message: 'message',
  reaction: 'social',
  follow: 'social',
  user: 'identity',
};

/** The domain of the events that notify of this. */
const domainOfKind: Readonly<Record<NotificationKind, Domain>> = {
  'message.received': 'message',
  'message.mention': 'message',
  'post.mention': 'content',
  'comment.received': 'social',
  'comment.mention': 'social',
  'reaction.received': 'social',
  'follow.received': 'social',
  'live.started': 'live',
  'security.alert': 'security',
};

/** Every kind of notice whose sequence may be compared with those of this domain. */
export function kindsOf(domain: Domain | undefined): readonly NotificationKind[] {
  const kinds = Object.keys(domainOfKind) as NotificationKind[];
  return kinds.filter((kind) => domainOfKind[kind] === domain);
}
