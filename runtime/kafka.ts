import { connect as connectPlain, isIP } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type ISocketFactory, type LogEntry, type SASLOptions, logLevel } from 'kafkajs';
import { setting, tlsFileSettings } from './config';
import { Kafka } from './kafkajs-repaired';
import { type Logger } from './logger';
import { sayRepeated, withoutFigures } from './repeated-failures';
import { readTlsFiles } from './tls';
import { explainEarlyReset } from './tls-resets';

const files = tlsFileSettings('KAFKA', 'the brokers');

/** How to reach a broker that wants proof of who we are. */
export const kafkaSecuritySettings = {
  kafkaTls: setting.boolean('KAFKA_TLS', 'Connect to Kafka with TLS.', { fallback: 'false' }),
  kafkaCaFile: files.caFile,
  kafkaCertFile: files.certFile,
  kafkaKeyFile: files.keyFile,
  kafkaSaslMechanism: setting.oneOf(
    'KAFKA_SASL_MECHANISM',
    'How to log in to Kafka.',
    ['none', 'plain', 'scram-sha-256', 'scram-sha-512'],
    { fallback: 'none' },
  ),
  kafkaUsername: setting.optionalText('KAFKA_USERNAME', 'User of the Kafka login.'),
  kafkaPassword: setting.optionalText('KAFKA_PASSWORD', 'Password of the Kafka login.', { secret: true }),
} as const;

/** The part of a process's configuration that says where Kafka is. */
export interface KafkaAddress {
  readonly kafkaBrokers: readonly string[];
  readonly kafkaTls?: boolean;
  readonly kafkaCaFile?: string;
  readonly kafkaCertFile?: string;
  readonly kafkaKeyFile?: string;
  readonly kafkaSaslMechanism?: 'none' | 'plain' | 'scram-sha-256' | 'scram-sha-512';
  readonly kafkaUsername?: string;
  readonly kafkaPassword?: string;
}

/**
 * A Kafka client that logs through pino and gives up early: its callers have a retry of its own that people can see.
 * `requestTimeoutMs` bounds every request to a broker.
 * @throws ConfigError when a certificate's file cannot be used
 */
export function createKafka(config: KafkaAddress, clientId: string, logger: Logger, requestTimeoutMs = 5_000): Kafka {
  const sasl = saslOf(config);
  return new Kafka({
    clientId,
    brokers: [...config.kafkaBrokers],
    ...sslOf(config),
    socketFactory,
    ...(sasl === undefined ? {} : { sasl }),
    connectionTimeout: 2_000,
    requestTimeout: requestTimeoutMs,
    retry: { retries: 2, initialRetryTime: 100, maxRetryTime: 1_000 },
    logLevel: logLevel.WARN,
    logCreator: () => pinoLogging(logger),
  });
}

/** As kafkajs makes one; a reset right after the handshake says what it may mean. */
const socketFactory: ISocketFactory = ({ host, port, ssl, onConnect }) => {
  // Null without TLS, and true without files, whatever the types say.
  const isTls = Boolean(ssl);
  const named = isIP(host) === 0 ? { servername: host } : {};
  const socket = isTls
    ? connectTls({ host, port, ...named, ...ssl }, onConnect)
    : connectPlain({ host, port }, onConnect);
  explainEarlyReset(socket);
  return socket.setKeepAlive(true, 60_000);
};

function sslOf({ kafkaTls, kafkaCaFile = '', kafkaCertFile = '', kafkaKeyFile = '' }: KafkaAddress) {
  const read = readTlsFiles('KAFKA', { caFile: kafkaCaFile, certFile: kafkaCertFile, keyFile: kafkaKeyFile });
  if (read === undefined) return kafkaTls === true ? { ssl: true } : {};
  const { ca, cert, key } = read;
  return { ssl: { ...(ca && { ca: [ca] }), ...(cert && { cert }), ...(key && { key }) } };
}

function saslOf(config: KafkaAddress): SASLOptions | undefined {
  const { kafkaSaslMechanism: mechanism = 'none', kafkaUsername: username = '', kafkaPassword: password = '' } = config;
  switch (mechanism) {
    case 'none':
      return undefined;
    case 'plain':
      return { mechanism, username, password };
    case 'scram-sha-256':
      return { mechanism, username, password };
    case 'scram-sha-512':
      return { mechanism, username, password };
  }
}

/** kafkajs reports each attempt as an error; an attempt that is retried is no more than a warning, and not news twice. */
function pinoLogging(logger: Logger): (entry: LogEntry) => void {
  return ({ level, namespace, log }) => {
    // The root logger has no namespace, whatever the types say.
    const message = `kafka ${((namespace as string | undefined) ?? 'client').toLowerCase()}: ${log.message}`;
    if (level !== logLevel.ERROR) return logger.debug(message);
    sayRepeated(logger, { key: withoutFigures(message), level: 'warn', fields: {}, message });
  };
}
