import { type EventDefinition } from '../../contracts/events/define';
import { cloudEventHeaders } from '../../contracts/kafka';
import { type EmitRow } from './pg-emit-log';

/** What CloudEvents headers say that no row says. */
export interface CloudEventsOptions {
  /** URI reference of this deployment: with the event's id it is unique in the world. */
  readonly source: string;
  /** Base URL under which `docs/events` is served; empty: events name no schema. */
  readonly schemas: string;
}

/**
 * Headers of the CloudEvents 1.0 Kafka binding, binary mode: the body is the payload as it is, and `content-type`, which
 * every message has, is the data's type. `ce_subject` is the aggregate, which is not always the key.
 */
export function cloudEventHeadersOf(
  row: Pick<EmitRow, 'eventId' | 'aggregateId' | 'createdAt'>,
  { type, version }: Pick<EventDefinition, 'type' | 'version'>,
  { source, schemas }: CloudEventsOptions,
): Record<string, string> {
  return {
    [cloudEventHeaders.specVersion]: '1.0',
    [cloudEventHeaders.id]: row.eventId,
    [cloudEventHeaders.source]: source,
    [cloudEventHeaders.type]: type,
    [cloudEventHeaders.time]: row.createdAt,
    [cloudEventHeaders.subject]: row.aggregateId,
    ...(schemas === ''
      ? {}
      : { [cloudEventHeaders.dataSchema]: `${schemas.replace(/\/$/, '')}/${type}.v${version}.json` }),
  };
}
