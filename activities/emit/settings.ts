import { type Domain } from '../../contracts/events/define';
import { topicNames } from '../../contracts/kafka';
import { z } from 'zod';
import { type ConfigOf, setting, sharedSettings } from '../../runtime/config';
import { kafkaSecuritySettings } from '../../runtime/kafka';
import { type CloudEventsOptions } from './cloud-events';

/** Settings of the Kafka emit. */
export const emitSettings = {
  ...sharedSettings.kafka,
  ...kafkaSecuritySettings,
  kafkaSendTimeoutMs: setting.integer(
    'KAFKA_SEND_TIMEOUT_MS',
    'Longest wait for Kafka’s acknowledgement, milliseconds.',
    { min: 100, max: 15_000 },
    { fallback: '5000' },
  ),
  kafkaReconnectMs: setting.integer(
    'KAFKA_RECONNECT_MS',
    'Pause between attempts to reach a lost broker, milliseconds; emits in between are refused at once.',
    { min: 50, max: 60_000 },
    { fallback: '1000' },
  ),
  kafkaCompression: setting.oneOf('KAFKA_COMPRESSION', 'Compression of what is sent.', ['none', 'gzip'], {
    fallback: 'none',
  }),
  kafkaCloudEvents: setting.boolean(
    'KAFKA_CLOUDEVENTS',
    'Each message also has the headers of CloudEvents 1.0 (Kafka binding, binary mode).',
    { fallback: 'false' },
  ),
  kafkaCloudEventsSource: {
    ...setting.text('KAFKA_CLOUDEVENTS_SOURCE', '`ce_source`: URI of this deployment, a different one for each.', {
      fallback: '/nova-side-effects',
    }),
    allowed: 'a URI or the path of one, without spaces',
    schema: z.string().regex(/^[!-~]+$/),
  },
  kafkaCloudEventsSchemas: {
    ...setting.optionalText(
      'KAFKA_CLOUDEVENTS_SCHEMAS',
      'Base of `ce_dataschema`: URL at which you serve the files of docs/events. Empty: no such header.',
    ),
    allowed: 'a URL without spaces, or empty',
    schema: z.union([z.literal(''), z.url().regex(/^[!-~]+$/)]),
  },
} as const;

type TopicConfig = Pick<
  ConfigOf<typeof emitSettings>,
  'kafkaTopicPrefix' | 'kafkaIdentityTopic' | 'kafkaMediaTopic' | 'kafkaGeneralTopic' | 'kafkaMessageTopic'
>;

/** The topic of each domain. KAFKA_EVENTS_TOPIC is the media topic's older name. */
export function topicsOf(config: TopicConfig): Record<Domain, string> {
  const overrides = {
    identity: config.kafkaIdentityTopic,
    media: config.kafkaMediaTopic || config.kafkaGeneralTopic,
    message: config.kafkaMessageTopic,
  };
  const given = Object.entries(overrides).filter(([, topic]) => topic !== '');
  return topicNames(config.kafkaTopicPrefix, Object.fromEntries(given));
}

type CloudEventsConfig = Pick<
  ConfigOf<typeof emitSettings>,
  'kafkaCloudEvents' | 'kafkaCloudEventsSource' | 'kafkaCloudEventsSchemas'
>;

/** Undefined: switched off. */
export function cloudEventsOf(config: CloudEventsConfig): CloudEventsOptions | undefined {
  if (!config.kafkaCloudEvents) return undefined;
  return { source: config.kafkaCloudEventsSource, schemas: config.kafkaCloudEventsSchemas };
}
