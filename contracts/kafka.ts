import { type Domain, domains } from './events/define';

/** Headers of every message: the body is the payload alone. */
export const kafkaHeaders = {
  eventId: 'event_id',
  eventType: 'event_type',
  schemaVersion: 'schema_version',
  sequence: 'sequence',
  traceparent: 'traceparent',
  contentType: 'content-type',
} as const;

/** Headers beside those when KAFKA_CLOUDEVENTS is true: CloudEvents 1.0, binary mode. */
export const cloudEventHeaders = {
  specVersion: 'ce_specversion',
  id: 'ce_id',
  source: 'ce_source',
  type: 'ce_type',
  time: 'ce_time',
  subject: 'ce_subject',
  dataSchema: 'ce_dataschema',
} as const;

/** Headers that a dead letter of a subscriber has beside those of its message. */
export const deadLetterHeaders = {
  group: 'dead_letter_group',
  topic: 'dead_letter_topic',
  partition: 'dead_letter_partition',
  offset: 'dead_letter_offset',
  error: 'dead_letter_error',
  tries: 'dead_letter_tries',
} as const;

/** KAFKA_TOPIC_PREFIX where nothing else is set. */
export const defaultTopicPrefix = 'nova';

/** Topic of each domain: `${prefix}.<domain>.events`, unless overridden. */
export function topicNames(prefix: string, overrides: Partial<Record<Domain, string>> = {}): Record<Domain, string> {
  return Object.fromEntries(
    domains.map((domain) => [domain, overrides[domain] ?? `${prefix}.${domain}.events`]),
  ) as Record<Domain, string>;
}
