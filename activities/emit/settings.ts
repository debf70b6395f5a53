import { type Domain } from '../../contracts/events/define';
import { topicNames } from '../../contracts/kafka';
import { type ConfigOf, setting, sharedSettings } from '../../runtime/config';
import { kafkaSecuritySettings } from '../../runtime/kafka';

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
