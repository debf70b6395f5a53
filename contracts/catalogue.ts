import { type z } from 'zod';
import { type WorkflowType } from './effects';
import { postCreated, postDeleted, postStatusUpdated, postUpdated } from './events/content';
import { liveStreamStarted, securityAlertRaised } from './events/critical';
import { type Domain, type EventDefinition } from './events/define';
import { userCreated, userDeleted, userProfileUpdated } from './events/identity';
import { mediaUploadCompleted } from './events/media';
import { messageDeleted, messageEdited, messagePersisted } from './events/message';
import { commentCreated, followAdded, followRemoved, reactionAdded, reactionRemoved } from './events/social';

/** Every event type there is. A new one is defined in `events/` and listed here; all else is derived from this table. */
const definitions = [
  postCreated,
  postUpdated,
  postStatusUpdated,
  postDeleted,
  mediaUploadCompleted,
  userCreated,
  userProfileUpdated,
  userDeleted,
  messagePersisted,
  messageEdited,
  messageDeleted,
  reactionAdded,
  reactionRemoved,
  followAdded,
  followRemoved,
  commentCreated,
  liveStreamStarted,
  securityAlertRaised,
] as const;

type Definition = (typeof definitions)[number];
export type EventType = Definition['type'];

/** Validated payload of an event type, as it is stored after defaults and on the wire. */
export type PayloadOf<T extends EventType> = z.output<Extract<Definition, { type: T }>['schema']>;
/**
 * What a writer may hand in: defaults and optional fields left out. Only fields that the catalogue knows: schemas let others
 * through, for writers that are newer, but in an object literal an unknown field is nearly always a misspelt one.
 */
export type PayloadInput<T extends EventType> = Named<z.input<Extract<Definition, { type: T }>['schema']>>;

/** The fields that have a name, without the index signature. */
type Named<T> = { [K in keyof T as string extends K ? never : K]: T[K] };

export const catalogue: readonly EventDefinition<EventType>[] = definitions;

const bySpelling = new Map<string, EventDefinition<EventType>>();
for (const definition of catalogue) {
  for (const spelling of [definition.type, ...definition.aliases]) {
    if (bySpelling.has(spelling)) throw new Error(`event catalogue: the spelling "${spelling}" is taken twice`);
    bySpelling.set(spelling, definition);
  }
}

/** The definition behind any accepted spelling of a type, or undefined. */
export function definitionOf(spelling: string): EventDefinition<EventType> | undefined {
  return bySpelling.get(spelling);
}

/** The domain of a type that the catalogue has. */
export function domainOf({ eventType }: { readonly eventType: EventType }): Domain {
  const definition = bySpelling.get(eventType);
  if (definition === undefined) throw new Error(`event catalogue: no type ${eventType}`);
  return definition.domain;
}

/** The types of a domain. */
export function typesOf(domain: Domain): readonly EventType[] {
  return catalogue.filter((definition) => definition.domain === domain).map(({ type }) => type);
}

/** Every accepted spelling of a canonical type, itself first: what a query over stored rows must look for. */
export function spellingsOf(type: EventType): readonly string[] {
  return [type, ...(bySpelling.get(type)?.aliases ?? [])];
}

/** Partition counts of the topics; 6 where nothing asks for another. */
export const topicPartitions: Record<Domain, number> = {
  content: 6,
  media: 3,
  identity: 6,
  message: 6,
  social: 6,
  live: 6,
  security: 6,
};

/** The workflows that an event of this type may start. */
export const workflowsOf = ({ workflow }: Pick<Definition, 'workflow'>): readonly WorkflowType[] =>
  typeof workflow === 'string' ? [workflow] : workflow.among;
