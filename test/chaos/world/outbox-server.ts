import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { freePort } from '../../../dev/stack/ports';
import { isAlive, type ProcessRef, refOf, spawnDaemon, stopProcess } from '../../../dev/stack/processes';
import { postgres } from '../../../dev/stack/servers/postgres';
import { until } from '../../../dev/stack/until';
import { killedAtOurEnd } from '../../../proof/run/at-our-end';

/** What holds the database of one service, which can be harmed, and restored, alone. */
export interface OutboxHolder {
  /** As when its machine is lost. */
  kill(): Promise<void>;
  /** Its clean stop. */
  stop(): Promise<void>;
  /** Takes connections and requests, and does not reply until it is thawed. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  /** On the same data and port; resolves when it replies. */
  start(): Promise<void>;
  /** Stops it for as long as it is copied. The function that is returned kills it, puts the copy in its place and starts it. */
  takeSnapshot(): Promise<() => Promise<void>>;
}

/** A PostgreSQL server with nothing but the database of one service: killed and frozen by signals to all its processes. */
export interface OutboxServer extends OutboxHolder {
  /** As its superuser, in its database `postgres`. */
  readonly url: string;
  close(): Promise<void>;
}

interface OutboxServerOptions {
  /** A folder that holds the data, made here. */
  readonly folder: string;
  readonly logFile: string;
  readonly onStart: (pid: number) => void;
}

/** Several run beside all others on a small machine, and each holds some thousand rows. */
const settings: Readonly<Record<string, string>> = {
  shared_buffers: '16MB',
  max_connections: '150',
  max_wal_size: '128MB',
};
const patienceMs = 600_000;

/** A new and empty server on a free port. It keeps what was committed when its processes are killed. */
export async function startOutboxServer({ folder, logFile, onStart }: OutboxServerOptions): Promise<OutboxServer> {
  const located = await postgres.locate(process.env);
  const program = 'ready' in located ? located.ready : await located.fetch(() => undefined);
  const port = await freePort();
  const [data, copy] = [join(folder, 'data'), join(folder, 'snapshot')];
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  mkdirSync(data, { recursive: true });
  const setting = { program, data, ports: { postgres: port }, profile: 'durable', temporalNamespace: '' } as const;
  await postgres.create(setting);
  const command = postgres.command(setting);
  const own = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const url = `postgres://nova@127.0.0.1:${port}/postgres`;

  let living: ProcessRef | undefined;
  let forget = (): void => undefined;
  const start = async (): Promise<void> => {
    const deadline = Date.now() + patienceMs;
    while (!(isAlive(living) && (await replies(url)))) {
      if (Date.now() > deadline) throw new Error(`the server on port ${port} does not come back; its log: ${logFile}`);
      if (!isAlive(living)) {
        forget();
        postgres.repair?.(setting);
        living = spawnDaemon({ ...command, args: [...command.args, ...own] }, logFile, join(folder, 'pid'));
        forget = killedAtOurEnd(living.pid);
        onStart(living.pid);
      }
      await pause(100);
    }
  };
  const stop = async (): Promise<void> => {
    if (living !== undefined) await stopProcess(living, postgres.stopSignal, 30_000);
  };
  const kill = async (): Promise<void> => {
    if (!isAlive(living)) return;
    const family = familyOf(living.pid).map(refOf);
    send(family, 'SIGKILL');
    // What still runs would write into the files that are put in place of the old ones.
    if (!(await until(() => !family.some(isAlive), { timeoutMs: 60_000, everyMs: 25 })))
      throw new Error(`processes of the server on port ${port} do not end`);
  };
  const signal = (one: 'SIGSTOP' | 'SIGCONT'): void =>
    send(isAlive(living) ? familyOf(living.pid).map(refOf) : [], one);
  await start();
  return {
    url,
    kill,
    stop,
    freeze: async () => signal('SIGSTOP'),
    thaw: async () => signal('SIGCONT'),
    start,
    async takeSnapshot() {
      await stop();
      await rm(copy, { recursive: true, force: true, maxRetries: 5 });
      await copyFiles(data, copy);
      await start();
      return async () => {
        await kill();
        await rm(data, { recursive: true, force: true, maxRetries: 5 });
        await copyFiles(copy, data);
        await start();
      };
    },
    async close() {
      await kill();
      forget();
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** The postmaster and its children, each of which is in a session of its own. */
function familyOf(postmaster: number): number[] {
  const pairs = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n');
  const children = pairs.flatMap((line) => {
    const [pid, parent] = line.trim().split(/\s+/).map(Number);
    return parent === postmaster && pid !== undefined ? [pid] : [];
  });
  return [postmaster, ...children];
}

function send(family: readonly ProcessRef[], signal: NodeJS.Signals): void {
  for (const one of family) {
    try {
      if (isAlive(one)) process.kill(one.pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // a session that has just ended
    }
  }
}

/** With their owner, which PostgreSQL insists on; only root can give files away, and needs to. */
async function copyFiles(from: string, to: string): Promise<void> {
  if (process.getuid?.() === 0) await promisify(execFile)('cp', ['-a', from, to]);
  else await cp(from, to, { recursive: true, preserveTimestamps: true });
}

async function replies(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 3_000, query_timeout: 3_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('SELECT');
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}
