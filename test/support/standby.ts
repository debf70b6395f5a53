import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { type Server, type Socket, connect, createServer } from 'node:net';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { locatePostgres } from '../../dev/stack/fetch/postgres-binaries';
import { choosePorts } from '../../dev/stack/ports';
import { spawnDaemon, stopProcess } from '../../dev/stack/processes';
import { postgresArguments } from '../../dev/stack/servers/postgres';
import { libraryPath } from '../../dev/stack/servers/server';
import { unprivilegedUser } from '../../dev/stack/servers/unprivileged';
import { killedAtOurEnd } from '../../proof/run/at-our-end';
import { waitFor } from './wait-for';

/** A second PostgreSQL that follows the first, statement by statement, until it is promoted. */
export interface Standby {
  readonly port: number;
  /** From now on it takes writes. */
  promote(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Copies the running primary and streams from it. Every commit on the primary waits for the standby from then on, so that
 * a failover loses none.
 */
export async function startStandby(primaryUrl: string): Promise<Standby> {
  const located = await locatePostgres(process.env);
  if (!('ready' in located)) throw new Error('PostgreSQL was started, so it must be on this machine');
  const program = located.ready;
  const { postgres: port = 0 } = await choosePorts(['postgres'], {}, {});
  const folder = mkdtempSync(join(tmpdir(), 'nova-standby-'));
  const data = join(folder, 'data');
  const runAs = unprivilegedUser();
  await copyOf(primaryUrl, data);
  writeFileSync(join(data, 'standby.signal'), '');
  for (const path of [folder, data, ...everythingIn(data)]) if (runAs) chownSync(path, runAs.uid, runAs.gid);
  chmodSync(data, 0o700);
  const { hostname, port: primaryPort, username } = new URL(primaryUrl);
  const following = `primary_conninfo=host=${hostname} port=${primaryPort} user=${username} application_name=standby`;
  const command = {
    file: join(program.path, 'postgres'),
    args: [...postgresArguments({ data, ports: { postgres: port }, profile: 'durable' }), '-c', following],
    cwd: '/',
    env: libraryPath(program),
    runAs,
  };
  const ref = spawnDaemon(command, join(folder, 'log'), join(folder, 'pid'));
  const forget = killedAtOurEnd(ref.pid);
  const url = new URL(primaryUrl);
  url.host = `${hostname}:${port}`;
  const close = async (): Promise<void> => {
    await stopProcess(ref, 'SIGQUIT', 10_000);
    forget();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    await waitFor(() => ask(primaryUrl, `SELECT 1 FROM pg_stat_replication WHERE state = 'streaming'`), {
      timeoutMs: 300_000,
      what: `a streaming standby (${join(folder, 'log')})`,
    });
    await ask(primaryUrl, `ALTER SYSTEM SET synchronous_standby_names = '*'`);
    await ask(primaryUrl, 'SELECT pg_reload_conf()');
    await waitFor(() => ask(primaryUrl, `SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'`));
  } catch (thrown) {
    await close();
    throw thrown;
  }
  return {
    port,
    promote: async () => {
      // Alone, it has no one to wait for; the setting came with the copy of the primary's files or not at all.
      await ask(url.href, 'SELECT pg_promote(true, 30)');
      // On a starved machine it takes longer than the call waits for it, which is no error of the call.
      await waitFor(() => ask(url.href, 'SELECT 1 WHERE NOT pg_is_in_recovery()'), { what: 'the promotion' });
      await ask(url.href, `ALTER SYSTEM SET synchronous_standby_names = ''`);
      await ask(url.href, 'SELECT pg_reload_conf()');
    },
    close,
  };
}

/** A base backup by hand, since not every bundle of PostgreSQL brings pg_basebackup. */
async function copyOf(url: string, target: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ data: string }>(`SELECT current_setting('data_directory') AS data`);
    await client.query(`SELECT pg_backup_start('standby', true)`);
    const left = new Set(['postmaster.pid', 'postmaster.opts']);
    copyLiving(rows[0]?.data ?? '', target, left);
    const stopped = await client.query<{ labelfile: string }>('SELECT labelfile FROM pg_backup_stop(false)');
    writeFileSync(join(target, 'backup_label'), stopped.rows[0]?.labelfile ?? '');
  } finally {
    await client.end();
  }
}

/**
 * A running server removes and renames files while they are copied: one that is gone by then is not needed, as it is not
 * for pg_basebackup.
 */
function copyLiving(from: string, to: string, left: ReadonlySet<string>): void {
  try {
    if (!statSync(from).isDirectory()) return copyFileSync(from, to);
    mkdirSync(to);
    for (const name of readdirSync(from)) if (!left.has(name)) copyLiving(join(from, name), join(to, name), left);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') throw thrown;
  }
}

function everythingIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true }).map((name) => join(folder, String(name)));
}

/** One statement on a connection of its own; returns whether it returned a row. */
export async function ask(url: string, sql: string): Promise<boolean> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 60_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return ((await client.query(sql)).rowCount ?? 0) > 0;
  } finally {
    await client.end();
  }
}

/** An address that can be moved to another server, as a DNS name or a virtual IP is: open connections stay where they are. */
export interface MovableAddress {
  readonly port: number;
  moveTo(port: number): void;
  close(): Promise<void>;
}

export async function startMovableAddress(port: number): Promise<MovableAddress> {
  const sockets = new Set<Socket>();
  let target = port;
  const server: Server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1');
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket
        .on('error', () => undefined)
        .on('close', () => {
          sockets.delete(socket);
          other.destroy();
        });
      socket.pipe(other);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    moveTo: (next) => void (target = next),
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
