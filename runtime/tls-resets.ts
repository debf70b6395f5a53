import { type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { Client, type ClientConfig } from 'pg';
import { endedAfterHandshake } from './tls';

const resets = new Set<unknown>(['ECONNRESET', 'EPIPE']);

/**
 * With TLS 1.3 a server checks our client certificate when the handshake is over for us. What we have begun to write meets a
 * closed connection then, and that error may come before the server's reason is read. So a reset between the handshake and
 * the first byte of the server gets the hint, in its message. A plain connection gets none, nor one that has worked.
 */
export function explainEarlyReset(socket: Socket, isSecure = false): void {
  if (!(socket instanceof TLSSocket)) return;
  let secured = isSecure;
  let hasWorked = false;
  socket.once('secureConnect', () => (secured = true));
  socket.once('data', () => (hasWorked = true));
  // Before the client's own listener, which keeps the text.
  socket.prependListener('error', (error: NodeJS.ErrnoException) => {
    if (secured && !hasWorked && resets.has(error.code)) error.message += `; TLS: ${endedAfterHandshake}`;
  });
}

/** A client of PostgreSQL whose connection says so. */
export class ExplainingClient extends Client {
  constructor(config?: string | ClientConfig) {
    super(config);
    const { connection } = this as unknown as { connection: NodeJS.EventEmitter & { stream: Socket } };
    // The handshake begins here; before it the same connection was a plain one.
    connection.once('sslconnect', () => explainEarlyReset(connection.stream));
  }
}
