import { type AddressInfo, type Socket, connect, createServer } from 'node:net';

/** A TCP proxy that can be told to swallow the server's answers: the client's requests still arrive. */
export interface DeafProxy {
  readonly port: number;
  deaf: boolean;
  close(): Promise<void>;
}

export async function startDeafProxy(target: { host: string; port: number }): Promise<DeafProxy> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(target.port, target.host);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    }
    client.on('data', (data) => upstream.write(data)).on('close', () => upstream.end());
    upstream.on('data', (data) => proxy.deaf || client.write(data)).on('close', () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxy: DeafProxy = {
    port: (server.address() as AddressInfo).port,
    deaf: false,
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  return proxy;
}
