import { type EventType, definitionOf } from '../contracts/catalogue';
import { type Domain } from '../contracts/events/define';
import { defaultTopicPrefix, topicNames } from '../contracts/kafka';
import { unknownEventType } from '../contracts/parse-event';

export { defaultTopicPrefix } from '../contracts/kafka';

/**
 * The Kafka topic that events of this type are on. Several types share a topic: those of one domain.
 * @param prefix KAFKA_TOPIC_PREFIX of the deployment; default `nova`
 * @param overrides by domain, the topics that the deployment names otherwise (KAFKA_MESSAGE_EVENTS_TOPIC and its like)
 * @throws NovaError UNKNOWN_EVENT_TYPE when the catalogue has no such type
 */
export function topicOf(
  type: EventType,
  prefix: string = defaultTopicPrefix,
  overrides: Partial<Record<Domain, string>> = {},
): string {
  const definition = definitionOf(type);
  if (definition === undefined) throw unknownEventType(String(type));
  return topicNames(prefix, overrides)[definition.domain];
}
