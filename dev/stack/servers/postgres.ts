import { chmodSync, chownSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { locatePostgres } from '../fetch/postgres-binaries';
import { withClient } from '../health/postgres';
import { identityOf } from '../processes';
import { runTool } from '../run-tool';
import { libraryPath, type LocalServer, type Setting } from './server';
import { assertReachable, unprivilegedUser } from './unprivileged';

const settings: Record<string, string> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  // Every test file, bridge and worker has its own pool, and several checkouts may share the server.
  max_connections: '1000',
  shared_buffers: '128MB',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_line_prefix: '%m [%p] %q%d ',
};

/** A crash of the machine may cost the data, never a crash of the process: right for tests, which make their data again. */
const testSettings: Record<string, string> = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };

export const postgres: LocalServer = {
  name: 'postgres',
  title: 'PostgreSQL',
  ports: ['postgres'],
  stopSignal: 'SIGINT', // "fast shutdown": SIGTERM waits for every client to leave
  startTimeoutMs: 180_000,
  locate: locatePostgres,

  async create({ program, data }) {
    const runAs = unprivilegedUser();
    if (runAs) {
      assertReachable(data, runAs, 'NOVA_STACK_DIR');
      assertReachable(join(program.path, 'postgres'), runAs, 'NOVA_CACHE_DIR');
      chownSync(data, runAs.uid, runAs.gid);
    }
    chmodSync(data, 0o700);
    await runTool({
      file: join(program.path, 'initdb'),
      args: ['-D', data, '--username=nova', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync'],
      cwd: '/',
      env: { ...process.env, ...libraryPath(program) },
      runAs,
      timeoutMs: 180_000,
      code: 'START_FAILED',
      whatToDo: 'look at what it said, or set DATABASE_URL to a server of your own',
    });
  },

  repair: ({ data }) => removeStalePidFile(join(data, 'postmaster.pid')),

  command: (setting) => ({
    file: join(setting.program.path, 'postgres'),
    args: postgresArguments(setting),
    cwd: '/',
    env: libraryPath(setting.program),
    runAs: unprivilegedUser(),
  }),

  async furnish({ databaseUrl }) {
    const database = new URL(databaseUrl).pathname.slice(1);
    const maintenance = new URL(databaseUrl);
    maintenance.pathname = '/postgres';
    await withClient(maintenance.href, async (client) => {
      const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [database]);
      if (rowCount === 0) await client.query(`CREATE DATABASE ${client.escapeIdentifier(database)}`);
    });
  },
};

export function postgresArguments({ data, ports, profile }: Pick<Setting, 'data' | 'ports' | 'profile'>): string[] {
  const all = { ...settings, port: String(ports.postgres), ...(profile === 'test' ? testSettings : {}) };
  return ['-D', data, ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
}

/** After a crash PostgreSQL refuses to start when its old pid belongs to any process now, whatever that is. */
export function removeStalePidFile(file: string, commandOf = commandLineOf): void {
  if (!existsSync(file)) return;
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
  const isPostgres = pid > 0 && identityOf(pid) !== null && /postgres|postmaster/.test(commandOf(pid));
  if (!isPostgres) rmSync(file);
}

function commandLineOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return 'postgres?'; // not known: leave it to PostgreSQL's own check
  }
}
