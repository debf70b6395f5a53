import { once } from 'node:events';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** How the proxy treats what it carries. */
export type ProxyMode =
  | 'pass'
  /** Sockets stay open and carry nothing, new ones too. Those hurt never carry anything again: their client must notice. */
  | 'half-open'
  /** Every connection is reset, and every new one. */
  | 'reset'
  /** Requests arrive, replies are lost. */
  | 'deaf'
  /** Every connection is reset, and new ones lead to another port: a load balancer that lost its route. */
  | { readonly rerouteTo: number }
  /** Late, and little by little. */
  | { readonly slow: Slowness }
  /** Requests arrive at once; what comes back waits for this long, milliseconds: a server that takes its time. */
  | { readonly replyDelayMs: number };

interface Slowness {
  /** Wait before each piece of what one read brought, milliseconds. */
  readonly latencyMs: number;
  /** Size of a piece. */
  readonly pieceBytes: number;
}

/** A TCP proxy that fails as networks do, on one port whatever its mode. */
export interface FaultProxy {
  readonly port: number;
  readonly mode: ProxyMode;
  /** Client connections that are open, dead ones included. */
  readonly connections: number;
  set(mode: ProxyMode): void;
  close(): Promise<void>;
}

/** One client's connection and the one to the server that was made for it. */
interface Link {
  readonly client: Socket;
  readonly upstream: Socket;
  /** Half-open: nothing is carried any more, in either direction. */
  dead: boolean;
}

export async function startFaultProxy(target: { host: string; port: number }): Promise<FaultProxy> {
  const links = new Set<Link>();
  let mode: ProxyMode = 'pass';
  const modeNow = (): ProxyMode => mode;

  const server = createServer({ noDelay: true }, (client) => {
    const port = typeof mode === 'object' && 'rerouteTo' in mode ? mode.rerouteTo : target.port;
    const upstream = connect({ ...target, port, noDelay: true });
    const link: Link = { client, upstream, dead: mode === 'half-open' };
    links.add(link);
    carry(link, 'request', modeNow);
    carry(link, 'answer', modeNow);
    client.on('error', ignore).on('close', () => {
      links.delete(link);
      upstream.destroy();
    });
    // A half-open client never learns that the server is gone.
    upstream.on('error', ignore).on('close', () => link.dead || client.resetAndDestroy());
    if (mode === 'reset') reset(link);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;

  return {
    port,
    get mode() {
      return mode;
    },
    get connections() {
      return links.size;
    },
    set(next) {
      // In the end the server notices, as by its keepalive: it does not hold the locks of dead sessions without limit.
      if (mode === 'half-open' && next !== 'half-open')
        for (const link of links) if (link.dead) link.upstream.resetAndDestroy();
      const rerouted = isRerouted(mode) !== isRerouted(next);
      mode = next;
      if (rerouted) for (const link of links) reset(link);
      if (next === 'half-open') for (const link of links) link.dead = true;
      if (next === 'reset') for (const link of links) reset(link);
    },
    close() {
      for (const { client, upstream } of links) [client, upstream].forEach((socket) => socket.destroy());
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** Carries one direction of a link, piece after piece, never faster than the receiver reads. */
function carry(link: Link, what: 'request' | 'answer', mode: () => ProxyMode): void {
  const [from, to] = what === 'request' ? [link.client, link.upstream] : [link.upstream, link.client];
  const deliver = async (data: Buffer): Promise<void> => {
    const now = mode();
    const slow = typeof now === 'object' && 'slow' in now ? now.slow : undefined;
    if (what === 'answer' && typeof now === 'object' && 'replyDelayMs' in now) await pause(now.replyDelayMs);
    const size = slow?.pieceBytes ?? data.length;
    for (let at = 0; at < data.length; at += size) {
      // Back to normal in between: the rest goes at once.
      if (slow && mode() === now) await pause(slow.latencyMs);
      if (link.dead || to.destroyed || (what === 'answer' && mode() === 'deaf')) return;
      if (!to.write(data.subarray(at, at + size))) await drained(to);
    }
  };
  from.on('data', (data: Buffer) => {
    from.pause();
    void deliver(data).finally(() => from.resume());
  });
}

async function drained(socket: Socket): Promise<void> {
  const done = new AbortController();
  const either = [once(socket, 'drain', { signal: done.signal }), once(socket, 'close', { signal: done.signal })];
  await Promise.race(either).catch(ignore);
  done.abort();
  await Promise.allSettled(either);
}

function reset({ client, upstream }: Link): void {
  client.resetAndDestroy();
  upstream.resetAndDestroy();
}

function isRerouted(mode: ProxyMode): boolean {
  return typeof mode === 'object' && 'rerouteTo' in mode;
}

function ignore(): void {
  // a lost connection is what this is for
}
