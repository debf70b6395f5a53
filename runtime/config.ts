import { z } from 'zod';
import { defaultTopicPrefix } from '../contracts/kafka';
import { missing } from './near-names';
import { secretText } from './secret-files';
import { profileFileVariable, profileVariable, withTemporalProfile } from './temporal-profile';
import { commaSeparated } from './comma-separated';

/** One environment variable: how it is read, what it means. docs/configuration.md is generated from the tables of these. */
export interface Setting<T = unknown> {
  readonly env: string;
  /** Parses the variable's text. */
  readonly schema: z.ZodType<T, string>;
  /** Text used when the variable is unset or empty; without one the variable is required. */
  readonly fallback?: string;
  /** Units included, e.g. `milliseconds`. */
  readonly meaning: string;
  /** What is allowed, in words. */
  readonly allowed: string;
  /** Its value is never printed: it holds a password or key. */
  readonly secret?: boolean;
  /** The schema's own messages say what is wrong, where, and no value. */
  readonly explains?: boolean;
}

export type Settings = Readonly<Record<string, Setting>>;
export type ConfigOf<S extends Settings> = { readonly [K in keyof S]: S[K] extends Setting<infer T> ? T : never };
export type Environment = Readonly<Record<string, string | undefined>>;

/** Every wrong variable at once, each with its value and what is allowed. */
export class ConfigError extends Error {
  constructor(readonly faults: readonly string[]) {
    super(`configuration: ${faults.join('; ')}`);
    this.name = 'ConfigError';
  }
}

/**
 * Reads the table's variables, with fallbacks, validates and freezes. A secret may stand in a file, Temporal's settings in a profile.
 * @throws ConfigError naming each wrong variable, its value (unless secret) and what is allowed
 */
export function configFrom<S extends Settings>(settings: S, given: Environment): ConfigOf<S> {
  const { environment, faults } = withTemporalProfile(given, Object.values(settings));
  const config: Record<string, unknown> = {};
  for (const [key, setting] of Object.entries(settings)) {
    const { text: given = '', fault } = textOf(setting, environment);
    const text = given === '' ? setting.fallback : given;
    if (fault !== undefined) faults.push(fault);
    else if (text === undefined) faults.push(missing(setting, settings, environment));
    else {
      const result = setting.schema.safeParse(text);
      if (result.success) config[key] = result.data;
      else if (setting.explains)
        faults.push(`${setting.env}: ${result.error.issues.map(({ message }) => message).join('; ')}`);
      else
        faults.push(`${setting.env}=${setting.secret ? '(hidden)' : JSON.stringify(text)} must be ${setting.allowed}`);
    }
  }
  if (faults.length > 0) throw new ConfigError(faults);
  return Object.freeze(config) as ConfigOf<S>;
}

function textOf(setting: Setting, environment: Environment): { text?: string; fault?: string } {
  return setting.secret ? secretText(setting, environment) : { text: environment[setting.env]?.trim() ?? '' };
}

type Options = { fallback?: string; secret?: boolean };

/** Makers of the usual kinds of setting. */
export const setting = {
  text: (env: string, meaning: string, options: Options = {}): Setting<string> => ({
    ...{ env, meaning, ...options },
    allowed: 'a non-empty text',
    schema: z.string().min(1),
  }),
  /** Empty text allowed: the setting may be switched off. */
  optionalText: (env: string, meaning: string, options: Options = {}): Setting<string> => ({
    env,
    meaning,
    fallback: '',
    ...options,
    allowed: 'any text, or empty',
    schema: z.string(),
  }),
  url: (env: string, meaning: string, protocols: readonly string[], options: Options = {}): Setting<string> => ({
    env,
    meaning,
    ...options,
    allowed: `a URL that begins with ${protocols.map((p) => `${p}://`).join(' or ')}`,
    schema: z.string().refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol.slice(0, -1))),
  }),
  integer: (
    env: string,
    meaning: string,
    range: { min: number; max: number },
    options: Options = {},
  ): Setting<number> => ({
    env,
    meaning,
    ...options,
    allowed: `a whole number from ${range.min} to ${range.max}`,
    schema: z
      .string()
      .regex(/^-?\d+$/)
      .transform(Number)
      .pipe(z.int().min(range.min).max(range.max)),
  }),
  boolean: (env: string, meaning: string, options: Options = {}): Setting<boolean> => ({
    env,
    meaning,
    ...options,
    allowed: 'true or false',
    schema: z.enum(['true', 'false']).transform((text) => text === 'true'),
  }),
  oneOf: <const V extends readonly [string, ...string[]]>(
    env: string,
    meaning: string,
    values: V,
    options: Options = {},
  ): Setting<V[number]> => ({
    env,
    meaning,
    ...options,
    allowed: `one of ${values.join(', ')}`,
    schema: z.enum(values),
  }),
  /** Comma-separated; blanks are dropped. */
  list: (env: string, meaning: string, options: Options = {}): Setting<readonly string[]> => ({
    env,
    meaning,
    ...options,
    allowed: 'a comma-separated list with at least one entry',
    schema: commaSeparated.pipe(z.array(z.string()).min(1)),
  }),
  /** The same, which may also be empty; `what`: what its entries are. */
  listOrEmpty: (env: string, meaning: string, what: string, options: Options = {}): Setting<readonly string[]> => ({
    ...{ env, meaning, ...options },
    allowed: `${what}, comma-separated, or empty`,
    schema: commaSeparated,
  }),
};

/** The three settings of a server; `prefix` begins their names, `server` is its name in words. */
export function tlsFileSettings(prefix: string, server: string) {
  return {
    caFile: setting.optionalText(
      `${prefix}_CA_FILE`,
      `PEM file of the authority that signed ${server}’s certificate; empty: those that Node.js knows. Switches TLS on.`,
    ),
    certFile: setting.optionalText(
      `${prefix}_CERT_FILE`,
      `PEM file of our client certificate for ${server}, with its chain. Switches TLS on.`,
    ),
    keyFile: setting.optionalText(`${prefix}_KEY_FILE`, 'PEM file of the key of that certificate, not encrypted.'),
  };
}

const temporalFiles = tlsFileSettings('TEMPORAL', 'the frontend');
const redisFiles = tlsFileSettings('REDIS', 'the server');

/** Settings that several processes share; spread them into a process's own table. */
export const sharedSettings = {
  database: {
    databaseUrl: setting.url(
      'DATABASE_URL',
      'PostgreSQL with State: all that workflows learned and did; without OUTBOXES the one outbox is there, too (for `migrate -- --outbox NAME`: that outbox). May be a PgBouncer in transaction mode. TLS: `?sslmode=verify-full&sslrootcert=FILE&sslcert=FILE&sslkey=FILE`.',
      ['postgres', 'postgresql'],
      { secret: true },
    ),
    databaseSchema: {
      env: 'DATABASE_SCHEMA',
      fallback: 'nova',
      meaning: 'Schema of all our tables. `public` for a database that was migrated before there was this setting.',
      allowed: 'a name of lower-case letters, digits and underscores, at most 63, that does not begin with `pg_`',
      schema: z.string().regex(/^(?!pg_)[a-z_][a-z0-9_]{0,62}$/),
    },
  },
  temporal: {
    temporalAddress: setting.text('TEMPORAL_ADDRESS', 'host:port of the Temporal frontend.', {
      fallback: '127.0.0.1:7233',
    }),
    temporalNamespace: setting.text('TEMPORAL_NAMESPACE', 'Temporal namespace; one per environment.', {
      fallback: 'nova',
    }),
    temporalApiKey: setting.optionalText(
      'TEMPORAL_API_KEY',
      'API key of Temporal Cloud or of an authorizing proxy; switches TLS on.',
      { secret: true },
    ),
    temporalTls: setting.boolean('TEMPORAL_TLS', 'Connect to Temporal with TLS.', { fallback: 'false' }),
    temporalCaFile: temporalFiles.caFile,
    temporalCertFile: temporalFiles.certFile,
    temporalKeyFile: temporalFiles.keyFile,
    temporalTlsServerName: setting.optionalText(
      'TEMPORAL_TLS_SERVER_NAME',
      'Name that the frontend’s certificate is for, when it is another than that of TEMPORAL_ADDRESS.',
    ),
    temporalProfile: setting.optionalText(
      profileVariable,
      'Profile of a `temporal.toml` that gives address, namespace, API key and TLS where the variables of this page do not; empty: `default` if TEMPORAL_CONFIG_FILE is set, else no file is read.',
    ),
    temporalConfigFile: setting.optionalText(
      profileFileVariable,
      'That file; empty: the one of Temporal’s command line, `~/.config/temporalio/temporal.toml` on Linux.',
    ),
    taskQueuePrefix: setting.text(
      'TASK_QUEUE_PREFIX',
      'First part of every task queue name: `<prefix>-feed` and so on.',
      { fallback: 'nova' },
    ),
  },
  kafka: {
    kafkaBrokers: setting.list('KAFKA_BROKERS', 'Kafka bootstrap brokers, host:port, comma-separated.', {
      fallback: '127.0.0.1:9092',
    }),
    kafkaTopicPrefix: setting.text('KAFKA_TOPIC_PREFIX', 'Topics are `<prefix>.<domain>.events`.', {
      fallback: defaultTopicPrefix,
    }),
    kafkaIdentityTopic: setting.optionalText('KAFKA_IDENTITY_EVENTS_TOPIC', 'Overrides the identity topic.'),
    kafkaMediaTopic: setting.optionalText('KAFKA_MEDIA_EVENTS_TOPIC', 'Overrides the media topic.'),
    kafkaGeneralTopic: setting.optionalText(
      'KAFKA_EVENTS_TOPIC',
      'Older name of KAFKA_MEDIA_EVENTS_TOPIC, which wins when both are set.',
    ),
    kafkaMessageTopic: setting.optionalText('KAFKA_MESSAGE_EVENTS_TOPIC', 'Overrides the message topic.'),
  },
  redis: {
    redisUrl: setting.url(
      'REDIS_URL',
      'Redis with the feeds; its maxmemory-policy must be noeviction.',
      ['redis', 'rediss'],
      { fallback: 'redis://127.0.0.1:6379', secret: true },
    ),
    redisCaFile: redisFiles.caFile,
    redisCertFile: redisFiles.certFile,
    redisKeyFile: redisFiles.keyFile,
    redisKeyPrefix: setting.optionalText(
      'REDIS_KEY_PREFIX',
      'Put before every Redis key, to share one Redis between deployments.',
    ),
  },
  logging: {
    logLevel: setting.oneOf(
      'LOG_LEVEL',
      'Least severe log level written.',
      ['trace', 'debug', 'info', 'warn', 'error', 'silent'],
      { fallback: 'info' },
    ),
  },
} as const;
