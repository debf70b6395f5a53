/** Where the four servers answer. The same five variables configure every process of this repository. */
export interface StackAddresses {
  /** PostgreSQL URL of a database the user may create databases beside, e.g. `postgres://nova:…@127.0.0.1:5432/nova`. */
  readonly databaseUrl: string;
  /** Redis URL, e.g. `redis://127.0.0.1:6379`. */
  readonly redisUrl: string;
  /** Comma-separated `host:port` list. */
  readonly kafkaBrokers: string;
  /** gRPC `host:port` of the Temporal frontend. */
  readonly temporalAddress: string;
  /** Temporal namespace the processes use. */
  readonly temporalNamespace: string;
  /** Base URL of the Temporal Web UI, or null when a server given by address has none that we know of. */
  readonly temporalUiUrl: string | null;
}

/** The addresses as the environment variables that the bridge, the workers, the demo and the tests read. */
export function environmentOf(addresses: StackAddresses): Record<string, string> {
  return {
    DATABASE_URL: addresses.databaseUrl,
    REDIS_URL: addresses.redisUrl,
    KAFKA_BROKERS: addresses.kafkaBrokers,
    TEMPORAL_ADDRESS: addresses.temporalAddress,
    TEMPORAL_NAMESPACE: addresses.temporalNamespace,
    ...(addresses.temporalUiUrl === null ? {} : { TEMPORAL_UI_URL: addresses.temporalUiUrl }),
  };
}
