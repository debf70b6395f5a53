import { isIP } from 'node:net';
import { connect } from 'node:tls';
import { type Service } from './lifecycle';
import { type Logger } from './logger';
import { Periodic } from './periodic';
import { type TemporalAddress, temporalTls } from './temporal';
import { endedAfterHandshake, tlsFault } from './tls';

/** A server that wants a client certificate says so after the handshake, within this, milliseconds. */
const alertMs = 500;
const handshakeMs = 5_000;
const everyMs = 60_000;
const closedAfterHandshake = `TLS: ${endedAfterHandshake}`;

/**
 * What is wrong with the certificates of the frontend, or with ours: both Temporal clients report a failed handshake as a
 * deadline or as `transport error`, and keep the reason. Undefined: nothing, or no TLS, or no server there.
 */
export async function temporalTlsFault(config: TemporalAddress): Promise<string | undefined> {
  const tls = temporalTls(config);
  if (tls === undefined) return undefined;
  const { serverName, ...files } = tls;
  const { hostname, port } = new URL(`tcp://${config.temporalAddress}`);
  const host = hostname.replace(/^\[|\]$/g, '');
  const servername = serverName ?? host;
  return new Promise((resolve) => {
    const named = isIP(servername) === 0 ? { servername } : {};
    const socket = connect({ host, port: Number(port), ...named, ...files, ALPNProtocols: ['h2'] });
    const end = (fault?: string) => {
      resolve(fault);
      socket.destroy();
    };
    socket.setTimeout(handshakeMs, () => end());
    let isSecure = false;
    socket.once('secureConnect', () => {
      isSecure = true;
      socket.setTimeout(alertMs);
    });
    socket.once('error', (error) => end(tlsFault(error) ?? (isSecure ? closedAfterHandshake : undefined)));
    socket.once('close', () => end(isSecure ? closedAfterHandshake : undefined));
  });
}

/** Says once in the log, and again when it changes, what is wrong with the certificates between us and the frontend. */
export function watchTemporalTls(config: TemporalAddress, logger: Logger): Service {
  let said: string | undefined;
  const look = async (): Promise<number> => {
    const fault = await temporalTlsFault(config);
    if (fault !== undefined && fault !== said)
      logger.error({ address: config.temporalAddress, fault }, 'temporal: TLS');
    said = fault;
    return temporalTls(config) === undefined ? Infinity : everyMs;
  };
  return new Periodic('temporal-tls', look, { logger, retryMs: everyMs });
}
