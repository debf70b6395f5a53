import { Connection } from '@temporalio/client';

/** The part of a process's configuration that says where Temporal is. */
export interface TemporalAddress {
  readonly temporalAddress: string;
  readonly temporalNamespace: string;
  readonly temporalApiKey: string;
  readonly temporalTls: boolean;
}

/** What both kinds of connection need. */
export function connectionOptions(config: TemporalAddress) {
  return {
    address: config.temporalAddress,
    ...(config.temporalTls || config.temporalApiKey !== '' ? { tls: true as const } : {}),
    ...(config.temporalApiKey === '' ? {} : { apiKey: config.temporalApiKey }),
  };
}

/** For clients: pure JavaScript gRPC, one HTTP/2 connection, which carries more starts than one database can mark. */
export function connectClient(config: TemporalAddress): Promise<Connection> {
  return Connection.connect({ ...connectionOptions(config), connectTimeout: '10s' });
}
