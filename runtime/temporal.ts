import { InterceptingCall, type Interceptor } from '@grpc/grpc-js';
import { Connection, defaultGrpcRetryOptions, makeGrpcRetryInterceptor } from '@temporalio/client';
import { channelWithHandshakeTimeout } from './temporal-channel';
import { type TlsMaterial, readTlsFiles } from './tls';

/** The part of a process's configuration that says where Temporal is. */
export interface TemporalAddress {
  readonly temporalAddress: string;
  readonly temporalNamespace: string;
  readonly temporalApiKey: string;
  readonly temporalTls: boolean;
  readonly temporalCaFile?: string;
  readonly temporalCertFile?: string;
  readonly temporalKeyFile?: string;
  readonly temporalTlsServerName?: string;
}

export interface TemporalTls extends TlsMaterial {
  readonly serverName?: string;
}

/**
 * What both kinds of connection need.
 * @throws ConfigError when a certificate's file cannot be used
 */
export function connectionOptions(config: TemporalAddress) {
  return {
    address: config.temporalAddress,
    ...tlsOf(config),
    ...(config.temporalApiKey === '' ? {} : { apiKey: config.temporalApiKey }),
  };
}

/** Undefined: without TLS. */
export function temporalTls(config: TemporalAddress): TemporalTls | undefined {
  const { temporalCaFile: caFile = '', temporalCertFile: certFile = '', temporalKeyFile: keyFile = '' } = config;
  const { temporalTlsServerName: serverName = '' } = config;
  const read = readTlsFiles('TEMPORAL', { caFile, certFile, keyFile });
  const isAskedFor = config.temporalTls || config.temporalApiKey !== '' || serverName !== '';
  return read === undefined && !isAskedFor ? undefined : { ...read, ...(serverName !== '' && { serverName }) };
}

function tlsOf(config: TemporalAddress) {
  const read = temporalTls(config);
  if (read === undefined) return {};
  const { ca, cert, key, serverName } = read;
  return {
    tls: {
      ...(ca && { serverRootCACertificate: ca }),
      ...(cert && key && { clientCertPair: { crt: cert, key } }),
      ...(serverName !== undefined && { serverNameOverride: serverName }),
    },
  };
}

/**
 * A connection whose other end vanished without a word stays silent without limit, and HTTP/2 makes no second one beside it:
 * found out within 20 seconds instead of the SDK's 45. Temporal turns away a client that asks more often than every ten.
 */
const keepalive = { 'grpc.keepalive_time_ms': 15_000, 'grpc.keepalive_timeout_ms': 5_000 };

/**
 * For clients: pure JavaScript gRPC over one HTTP/2 connection, which carries more starts than one database can mark.
 * Connects on first use and again whenever the connection is lost, so that a process may start while Temporal is down.
 * @param callMs bound of each call that has none of its own, its repetitions included, milliseconds; without it a server that takes
 *   calls and never replies is waited for without limit
 */
export function connectClient(config: TemporalAddress, { callMs }: { readonly callMs?: number } = {}): Connection {
  const retry = makeGrpcRetryInterceptor(defaultGrpcRetryOptions());
  return Connection.lazy({
    ...connectionOptions(config),
    connectTimeout: '10s',
    ...(callMs === undefined ? {} : { interceptors: [endsWithin(callMs), retry] }),
    channelArgs: { ...keepalive, channelFactoryOverride: channelWithHandshakeTimeout },
  });
}

const endsWithin =
  (ms: number): Interceptor =>
  (options, next) =>
    new InterceptingCall(next({ ...options, deadline: options.deadline ?? Date.now() + ms }));
