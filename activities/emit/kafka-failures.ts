import { NovaError } from '../../contracts/failures';
import { oneLine } from '../../runtime/errors';

const tooLarge = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']);
const refused = new Set([
  ...tooLarge,
  'CORRUPT_MESSAGE',
  'INVALID_RECORD',
  'INVALID_TIMESTAMP',
  'INVALID_REQUIRED_ACKS',
]);
const missing = new Set(['UNKNOWN_TOPIC_OR_PARTITION', 'INVALID_TOPIC_EXCEPTION', 'TOPIC_AUTHORIZATION_FAILED']);

export function isTooLarge(error: Error): boolean {
  return tooLarge.has(protocolType(error) ?? '');
}

/**
 * What kafkajs threw, in terms of the catalogue. An unknown error counts as an outage: it is retried, and people see
 * it.
 */
export function asKafkaFailure(error: Error, topic: string, partition?: number): NovaError {
  if (error instanceof NovaError) return error;
  const type = protocolType(error) ?? '';
  if (refused.has(type)) return new NovaError('MESSAGE_REFUSED', `${type} from topic ${topic}`, { cause: error });
  if (missing.has(type)) return new NovaError('TOPIC_MISSING', `${type}: topic ${topic}`, { cause: error });
  const place = partition === undefined ? `topic ${topic}` : `topic ${topic}, partition ${partition}`;
  return new NovaError('KAFKA_UNAVAILABLE', `${place}: ${oneLine(error)}`, { cause: error });
}

const connectionFaults = new Set([
  'KafkaJSConnectionError',
  'KafkaJSConnectionClosedError',
  'KafkaJSRequestTimeoutError',
  'KafkaJSNoBrokerAvailableError',
]);

/** True when no broker said what went wrong: the way there is broken, or nothing came back. */
export function isConnectionFault(error: Error): boolean {
  for (let at: unknown = error; at instanceof Error; at = at.cause)
    if (at instanceof NovaError || connectionFaults.has(at.name)) return true;
  return false;
}

/** The broker's error type, wherever kafkajs wrapped it. */
function protocolType(error: Error): string | undefined {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const type = (at as { type?: unknown }).type;
    if (typeof type === 'string') return type;
  }
  return undefined;
}
