import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net';
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy';
import { waitFor } from '../../support/wait-for';

let server: Server;
let proxy: FaultProxy;
let heard = '';
const clients: Client[] = [];

interface Client {
  readonly socket: Socket;
  got: string;
  closed: string | null;
}

/** A server that echoes. */
beforeEach(async () => {
  heard = '';
  server = createServer((socket) => {
    socket
      .on('error', () => undefined)
      .on('data', (data) => {
        heard += String(data);
        socket.write(data);
      });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  proxy = await startFaultProxy({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
});

afterEach(async () => {
  for (const { socket } of clients.splice(0)) socket.destroy();
  await proxy.close();
  await new Promise((resolve) => server.close(resolve));
});

function client(port = proxy.port): Client {
  const socket = connect(port, '127.0.0.1');
  const made: Client = { socket, got: '', closed: null };
  socket
    .on('data', (data) => (made.got += String(data)))
    .on('error', (error: NodeJS.ErrnoException) => (made.closed = error.code ?? 'error'))
    .on('close', () => (made.closed ??= 'closed'));
  clients.push(made);
  return made;
}

async function working(): Promise<Client> {
  const made = client();
  made.socket.write('hello');
  await waitFor(() => made.got === 'hello');
  return made;
}

it('carries both ways, large replies whole and in order', async () => {
  const one = client();
  const text = Array.from({ length: 200_000 }, (_, i) => i % 10).join('');
  one.socket.write(text);
  await waitFor(() => one.got.length === text.length);
  expect(one.got).toBe(text);
});

it('keeps half-open connections open and silent, also afterwards, while new ones then work', async () => {
  const before = await working();
  proxy.set('half-open');
  const during = client();
  before.socket.write('lost');
  during.socket.write('lost');
  await waitFor(() => proxy.connections === 2);
  proxy.set('pass');
  await working();
  before.socket.write('lost as well');
  await working();
  expect([before.got, before.closed, during.got, during.closed]).toEqual(['hello', null, '', null]);
  expect(heard).not.toContain('lost');
});

it('resets what is open and what comes, until asked to stop', async () => {
  const before = await working();
  proxy.set('reset');
  await waitFor(() => before.closed === 'ECONNRESET');
  const during = client();
  await waitFor(() => during.closed !== null);
  proxy.set('pass');
  await working();
});

it('swallows only the replies when deaf', async () => {
  const one = await working();
  proxy.set('deaf');
  one.socket.write(' unanswered');
  await waitFor(() => heard === 'hello unanswered');
  // What comes back on another way left the server after the answer that is to be lost: that one has reached the proxy.
  const direct = client((server.address() as AddressInfo).port);
  direct.socket.write('direct');
  await waitFor(() => direct.got === 'direct');
  proxy.set('pass');
  one.socket.write('!');
  await waitFor(() => one.got.endsWith('!'));
  expect(one.got).toBe('hello!');
});

it('trickles when slow, and delivers the rest at once when that ends', async () => {
  const one = await working();
  proxy.set({ slow: { latencyMs: 20, pieceBytes: 1 } });
  one.socket.write('x'.repeat(1_000)); // would take 40 seconds
  await waitFor(() => one.got.length > 'hello'.length);
  expect(one.got.length).toBeLessThan(1_005);
  proxy.set('pass');
  await waitFor(() => one.got.length === 1_005);
});

it('shows its client that the server is gone', async () => {
  const one = await working();
  server.close();
  proxy.set('pass');
  const gone = new Promise((resolve) => server.once('close', resolve));
  one.socket.write('bye');
  await waitFor(() => heard.endsWith('bye'));
  one.socket.destroy();
  await gone;
  const late = client();
  await waitFor(() => late.closed !== null);
});
