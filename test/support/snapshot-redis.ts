import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { locateRedis } from '../../dev/stack/fetch/redis-binary';
import { choosePorts } from '../../dev/stack/ports';
import { libraryPath } from '../../dev/stack/servers/server';
import { endsWithUs } from '../../proof/run/at-our-end';
import { waitFor } from './wait-for';

/** A Redis as Redis comes: it keeps snapshots, no log of what came after them. */
export interface SnapshotRedis {
  readonly url: string;
  /** Writes a snapshot now; there are no others. */
  snapshot(): Promise<void>;
  /** SIGKILL, then started again from its last snapshot, on the same address. */
  goBack(): Promise<void>;
  /** Ended as an operator does, with a snapshot, and started again. */
  restart(): Promise<void>;
  run<T>(work: (connection: Redis) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export async function startSnapshotRedis(): Promise<SnapshotRedis> {
  const located = await locateRedis(process.env);
  const program = 'ready' in located ? located.ready : await located.fetch(() => undefined);
  const folder = mkdtempSync(join(tmpdir(), 'nova-redis-'));
  const { redis: port = 0 } = await choosePorts(['redis'], {}, {});
  const url = `redis://127.0.0.1:${port}`;
  let server: ChildProcess;

  const run = async <T>(work: (connection: Redis) => Promise<T>): Promise<T> => {
    const connection = new Redis(url, { lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 });
    connection.on('error', () => undefined);
    try {
      await connection.connect();
      return await work(connection);
    } finally {
      connection.disconnect();
    }
  };
  const start = async (): Promise<void> => {
    const args = [
      '--port',
      String(port),
      '--bind',
      '127.0.0.1',
      '--dir',
      folder,
      '--save',
      '3600 1',
      '--appendonly',
      'no',
    ];
    server = endsWithUs(
      spawn(program.path, args, { stdio: 'ignore', env: { ...process.env, ...libraryPath(program) } }),
    );
    // Itself: if its port was taken in between, another server may be the one that replies.
    const isUp = async () =>
      (await run((connection) => connection.info('server'))).includes(`process_id:${server.pid}\r`);
    await waitFor(isUp, { what: 'Redis' });
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const ended = new Promise((resolve) => server.once('exit', resolve));
    server.kill(signal);
    await ended;
  };

  await start();
  return {
    url,
    run,
    snapshot: async () => void (await run((connection) => connection.save())),
    goBack: async () => {
      await end('SIGKILL');
      await start();
    },
    restart: async () => {
      await end('SIGTERM');
      await start();
    },
    close: async () => {
      await end('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
