import { type EventType, type PayloadOf, catalogue, definitionOf } from './catalogue';
import { type EventDefinition } from './events/define';
import { type WorkflowType } from './workflow-types';
import { NovaError } from './failures';
import { jsonFault } from './json-faults';
import { didYouMean } from './near-words';
import { misspeltFields, payloadFaults } from './payload-faults';

/**
 * Largest payload accepted, in bytes of UTF-8 JSON: under Kafka's default message limit of 1 MiB with room for headers,
 * and well under Temporal's 2 MiB per payload.
 */
export const maxPayloadBytes = 768 * 1024;

/**
 * Lowest schema version that is accepted, of every type. What a writer leaves out counts as this one: it knows no other, and
 * `upgrade` of the type brings it to today's shape.
 */
export const oldestVersion = 1;

/** What was written, in any accepted spelling and shape. */
export interface RawEvent {
  readonly eventType: string;
  readonly aggregateId: string;
  readonly payload: unknown;
  /** Absent or null: the current version. */
  readonly schemaVersion?: number | null;
}

export interface ParsedEvent<T extends EventType = EventType> {
  readonly definition: EventDefinition<T>;
  readonly type: T;
  readonly version: number;
  readonly payload: PayloadOf<T>;
}

/**
 * Validates a written event against the catalogue and brings it to today's names.
 * @throws NovaError UNKNOWN_EVENT_TYPE, UNSUPPORTED_VERSION (a newer process may know them), INVALID_ROW, INVALID_PAYLOAD; the
 * message names the field, never its value
 */
export function parseEvent(raw: RawEvent): ParsedEvent {
  const definition = definitionOf(raw.eventType);
  if (definition === undefined) throw unknownEventType(raw.eventType);
  const version = raw.schemaVersion ?? definition.version;
  const accepted = `schema_version ${version} of ${definition.type}; this process knows ${oldestVersion} to ${definition.version}`;
  if (version < oldestVersion) throw new NovaError('INVALID_ROW', accepted);
  if (version > definition.version) throw new NovaError('UNSUPPORTED_VERSION', accepted);
  if (typeof raw.payload !== 'object' || raw.payload === null || Array.isArray(raw.payload)) {
    throw new NovaError(
      'INVALID_PAYLOAD',
      `payload of ${definition.type} must be a JSON object, got ${jsonKind(raw.payload)}`,
    );
  }
  const fault = jsonFault(raw.payload);
  if (fault !== undefined)
    throw new NovaError('INVALID_PAYLOAD', `payload of ${definition.type} v${version}: ${fault}`);
  const upgraded = asOfToday(definition, raw);
  const result = definition.schema.safeParse(upgraded);
  if (!result.success) {
    const faults = payloadFaults(definition.schema, upgraded, result.error.issues);
    throw new NovaError('INVALID_PAYLOAD', `payload of ${definition.type} v${version}: ${faults.join('; ')}`);
  }
  return { definition, type: definition.type, version, payload: result.data as PayloadOf<EventType> };
}

/** The error about a type that the catalogue does not have, in none of its spellings; it suggests the nearest. */
export function unknownEventType(spelling: string): NovaError {
  // As JSON: whatever a writer put there, terminal escapes and halves of characters included, stays on one line.
  const shown = JSON.stringify(spelling.slice(0, 100));
  const types = catalogue.map(({ type }) => type);
  return new NovaError(
    'UNKNOWN_EVENT_TYPE',
    `event type ${shown} is not in the catalogue (docs/events.md)${didYouMean(spelling, types)}`,
  );
}

/**
 * Fields of a valid event that its type does not know, where it knows one of nearly the same name that was left out: probably
 * misspelt. They are allowed, since a newer writer may know more, and are kept.
 */
export function fieldsProbablyMisspelt(raw: RawEvent): { given: string; meant: string }[] {
  const definition = definitionOf(raw.eventType);
  return definition === undefined ? [] : misspeltFields(definition.schema, asOfToday(definition, raw));
}

/** The payload with today's field names. */
function asOfToday(definition: EventDefinition, { payload, aggregateId }: RawEvent): Record<string, unknown> {
  const written = payload as Record<string, unknown>;
  return definition.upgrade?.(written, aggregateId) ?? written;
}

/** The workflow type the bridge starts for this event. */
export function workflowTypeFor(event: ParsedEvent): WorkflowType {
  const { workflow } = event.definition;
  return typeof workflow === 'string' ? workflow : workflow.choose(event.payload);
}

/** The Kafka key: the payload field the catalogue names. */
export function partitionKeyOf(event: ParsedEvent): string {
  return String((event.payload as Record<string, unknown>)[event.definition.partitionKey]);
}

/** The user who caused the event; undefined: no one, or the writer did not say. */
export function actorOf(event: ParsedEvent): string | undefined {
  const { actor } = event.definition;
  return actor === null ? undefined : (event.payload as Record<string, string | undefined>)[actor];
}

/**
 * What is wrong with the row's aggregate id, in words, where it must be the payload's key: rows of one key under several
 * aggregates have no order among each other. Undefined: nothing.
 */
export function aggregateFault(event: ParsedEvent, aggregateId: string): string | undefined {
  const { type, partitionKey, aggregate } = event.definition;
  const key = partitionKeyOf(event);
  if (!aggregate.isKey || key.toLowerCase() === aggregateId.toLowerCase()) return undefined;
  return `aggregate_id of ${type} must be its ${partitionKey}, ${key}, and is ${aggregateId}: else its events have no order`;
}

function jsonKind(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'an array' : `a ${typeof value}`;
}
