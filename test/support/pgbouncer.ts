import { chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { logins } from '../../dev/logins';
import { findPgBouncer } from '../../dev/stack/fetch/pgbouncer';
import { choosePorts } from '../../dev/stack/ports';
import { isAlive, type ProcessRef, spawnDaemon, stopProcess } from '../../dev/stack/processes';
import { libraryPath } from '../../dev/stack/servers/server';
import { unprivilegedUser } from '../../dev/stack/servers/unprivileged';
import { until } from '../../dev/stack/until';
import { killedAtOurEnd } from '../../proof/run/at-our-end';

/** PgBouncer in transaction mode: a server connection belongs to a client only for the length of a transaction. */
export interface PgBouncer {
  readonly port: number;
  readonly pid: number;
  readonly logFile: string;
  /** The same database and user through the pooler. */
  url(database?: string): string;
  /** SIGKILL: its clients see a reset, its server connections are left to PostgreSQL. */
  kill(): Promise<void>;
  /** SIGTERM: it ends at once and closes its connections. */
  stop(): Promise<void>;
  /** Starts it on the same port again, after `kill` or `stop`; nothing when it runs. Returns when it accepts clients. */
  start(): Promise<void>;
  /** Stops it and removes its folder. */
  close(): Promise<void>;
}

interface PgBouncerOptions {
  /** Server connections per database and user, at most. */
  readonly poolSize?: number;
  /** Prefixes of the roles whose logins pass. */
  readonly rolePrefixes?: readonly string[];
  /** Called with every process it is started as. */
  readonly onStart?: (pid: number) => void;
}

/**
 * Starts PgBouncer on a free port in front of the server of `serverUrl`, for all its databases: its user and the
 * logins of the roles pass, without a password, and are the same users behind it.
 */
export async function startPgBouncer(serverUrl: string, options: PgBouncerOptions = {}): Promise<PgBouncer> {
  const program = await findPgBouncer();
  const { postgres: port = 0 } = await choosePorts(['postgres'], {}, {});
  const folder = mkdtempSync(join(tmpdir(), 'nova-pgbouncer-'));
  const runAs = unprivilegedUser();
  const [settings, logFile, birthNote, users] = ['pgbouncer.ini', 'pgbouncer.log', 'pid', 'users.txt'].map((name) =>
    join(folder, name),
  );
  if (settings === undefined || logFile === undefined || birthNote === undefined || users === undefined)
    throw new Error('no folder');
  writeFileSync(
    users,
    logins(serverUrl, options.rolePrefixes)
      .map(({ name, password }) => `"${name}" "${password}"\n`)
      .join(''),
  );
  writeFileSync(settings, configuration(new URL(serverUrl), { port, users, poolSize: options.poolSize ?? 40 }));
  if (runAs) chownSync(folder, runAs.uid, runAs.gid);
  const url = (database = new URL(serverUrl).pathname.slice(1)): string => {
    const pooled = new URL(serverUrl);
    pooled.host = `127.0.0.1:${port}`;
    pooled.pathname = `/${database}`;
    return pooled.href;
  };
  const command = { file: program.path, args: [settings], cwd: folder, env: libraryPath(program), runAs };
  let process: ProcessRef | undefined;
  let forget: (() => void) | undefined;
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (process) await stopProcess(process, signal, 5_000);
    forget?.();
  };
  const start = async (): Promise<void> => {
    if (isAlive(process)) return;
    const started = (process = spawnDaemon(command, logFile, birthNote));
    forget?.();
    forget = killedAtOurEnd(started.pid);
    options.onStart?.(started.pid);
    const ready = await until(async () => !isAlive(started) || (await accepts(url('pgbouncer'))), {
      timeoutMs: 180_000,
      everyMs: 50,
    });
    if (ready && isAlive(started)) return;
    throw new Error(`PgBouncer did not start: ${readFileSync(logFile, 'utf8').slice(-1_000)}`);
  };
  await start();
  return {
    port,
    get pid() {
      return process?.pid ?? 0;
    },
    logFile,
    url,
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
    start,
    async close() {
      await end('SIGTERM');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function configuration(
  server: URL,
  { port, users, poolSize }: { port: number; users: string; poolSize: number },
): string {
  const settings: Record<string, string | number> = {
    listen_addr: '127.0.0.1',
    listen_port: port,
    unix_socket_dir: '',
    auth_type: 'trust',
    auth_file: users,
    pool_mode: 'transaction',
    max_client_conn: 1_000,
    default_pool_size: poolSize,
    // As fast as a test wants it: 15 seconds of refusal after a lost server by default.
    server_login_retry: 1,
    // The admin console returns whether it is up, without touching the server.
    admin_users: server.username,
    ignore_startup_parameters: 'extra_float_digits',
    log_connections: 0,
    log_disconnections: 0,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  const target = `* = host=${server.hostname} port=${server.port}`;
  return `[databases]\n${target}\n\n[pgbouncer]\n${lines.join('\n')}\n`;
}

async function accepts(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}
