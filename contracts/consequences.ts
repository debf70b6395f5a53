import { catalogue, definitionOf, type EventType } from './catalogue';
import { type EventRecord, type EventRef } from './event-ref';
import {
  type Consequences,
  type ContentType,
  type CreatedContent,
  type Notice,
  type ProfileFacts,
  type Publication,
  type Tombstone,
} from './events/consequences';
import { type Domain, domains } from './events/define';

/** The parts of an event that its consequences follow from. */
type Said = Pick<EventRecord<object>, 'eventType' | 'payload'>;

function consequencesOf({ eventType }: Pick<EventRef, 'eventType'>): Consequences<unknown> | undefined {
  return definitionOf(eventType);
}

/** Whom the event notifies by itself; undefined: no one. */
export function noticeOf(event: Said): Notice | undefined {
  return consequencesOf(event)?.notifies?.(event.payload);
}

/** The one rule for deletes: what the event makes void, and from which sequence on; undefined: nothing. */
export function tombstoneOf(event: Said & Pick<EventRef, 'sequence'>): Tombstone | undefined {
  const voided = consequencesOf(event)?.voids?.(event.payload);
  return voided && { ...voided, sequence: event.sequence };
}

/** The content that the event creates; undefined: none that others point to. */
export function contentOf(event: Said): ({ readonly contentType: ContentType } & CreatedContent) | undefined {
  const creates = consequencesOf(event)?.creates;
  return creates && { contentType: creates.contentType, ...creates.content(event.payload) };
}

/** What the event says of a user; undefined: nothing. */
export function profileOf(event: Said): ProfileFacts | undefined {
  return consequencesOf(event)?.profile?.(event.payload);
}

/** How the event makes public what an earlier one created as a draft; undefined: it does not. */
export function publicationOf(event: Said): Publication | undefined {
  const publication = consequencesOf(event)?.publishes;
  if (publication === undefined) return undefined;
  const said: Readonly<Record<string, unknown>> = { ...event.payload };
  const publishes = Object.entries(publication.when).every(([field, value]) => said[field] === value);
  return publishes ? publication : undefined;
}

/** The types that create content of this kind; `among`: only those of these domains. */
export function typesThatCreate(contentType: ContentType, among: readonly Domain[] = domains): readonly EventType[] {
  return catalogue
    .filter(({ creates, domain }) => creates?.contentType === contentType && among.includes(domain))
    .map(({ type }) => type);
}
