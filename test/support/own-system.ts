import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Client } from '@temporalio/client';
import { type DemoProcess, startProcess } from '../../proof/run/processes';
import { checkoutRoot } from '../../dev/stack/paths';
import { choosePorts } from '../../dev/stack/ports';
import { type StackAddresses, environmentOf } from '../../dev/stack/addresses';
import { makeLogins, urlsOf } from '../../dev/logins';
import { fromSource } from './from-source';
import { workflowBundle } from './temporal';
import { waitFor } from './wait-for';

type LogLine = Readonly<Record<string, unknown>>;

/** A process of the product, run from source as a user runs it. */
export interface OwnProcess extends DemoProcess {
  /** What it has logged. */
  lines(): LogLine[];
  /** Fetched from its HTTP port. */
  health(): Promise<{ ok: boolean; reason: string | null }>;
  /** A sample of its metrics; 0 when there is none yet. `series` as Prometheus writes it, labels included. */
  metric(series: string): Promise<number>;
  kill(): void;
}

/** Real bridge and worker processes on one set of servers; names of their own keep other tests apart. */
export interface OwnSystem {
  readonly prefix: string;
  readonly environment: Readonly<Record<string, string>>;
  startBridge(more?: Record<string, string>): Promise<OwnProcess>;
  startWorkers(more?: Record<string, string>): Promise<OwnProcess>;
  /** The same of another checkout, whose workers make their own workflow bundle. */
  inCheckout(folder: string): Pick<OwnSystem, 'startBridge' | 'startWorkers'>;
  /** Stops what was started, in reverse; throws when one of them had ended by itself. */
  close(): Promise<void>;
}

/** Nothing runs yet; `addresses` may be proxies. */
export async function createOwnSystem(
  addresses: StackAddresses,
  databaseUrl: string,
  settings: Record<string, string> = {},
): Promise<OwnSystem> {
  const folder = mkdtempSync(join(tmpdir(), 'nova-outage-'));
  const bundle = join(folder, 'workflow-bundle.js');
  writeFileSync(bundle, (await workflowBundle()).code);
  const prefix = `outage-${randomUUID().slice(0, 8)}`;
  const environment = {
    ...environmentOf(addresses),
    DATABASE_URL: databaseUrl,
    TASK_QUEUE_PREFIX: prefix,
    KAFKA_TOPIC_PREFIX: prefix,
    REDIS_KEY_PREFIX: `${prefix}:`,
    WORKFLOW_BUNDLE: bundle,
    SMTP_URL: '',
    OUTBOX_LISTEN_URL: '',
    ...settings,
  };
  const started: OwnProcess[] = [];
  const start = async (name: string, entry: string, portVariable: string, more: Record<string, string>) => {
    // Some free port, picked as the stack picks its own.
    const { temporalMetrics: port = 0 } = await choosePorts(['temporalMetrics'], {}, {});
    // Each with the rights of its role and no more. The version before knows no schema: its login is the one named like it.
    const hasRole = settings['DATABASE_ROLES'] !== 'off' && (name === 'bridge' || name === 'workers');
    const login = hasRole ? urlsOf(databaseUrl)[name] : databaseUrl;
    const all: Record<string, string> = { ...environment, DATABASE_URL: login, [portVariable]: String(port), ...more };
    const process = own(startProcess(`${name}-${started.length}`, entry, all, folder), Number(all[portVariable]));
    started.push(process);
    return process;
  };
  return {
    prefix,
    environment,
    startBridge: (more = {}) => start('bridge', 'outbox-bridge/main.ts', 'BRIDGE_METRICS_PORT', more),
    startWorkers: (more = {}) => start('workers', 'workers/main.ts', 'WORKER_HEALTH_PORT', more),
    inCheckout: (checkout) => ({
      startBridge: (more = {}) =>
        start('other-bridge', join(checkout, 'outbox-bridge/main.ts'), 'BRIDGE_METRICS_PORT', more),
      startWorkers: (more = {}) =>
        start('other-workers', join(checkout, 'workers/main.ts'), 'WORKER_HEALTH_PORT', {
          WORKFLOW_BUNDLE: '',
          ...more,
        }),
    }),
    close: async () => {
      const faults: string[] = [];
      for (const process of started.reverse()) {
        try {
          process.assertAlive();
        } catch (thrown) {
          faults.push(String(thrown));
        }
        await process.stop();
      }
      rmSync(folder, { recursive: true, force: true });
      if (faults.length > 0) throw new Error(faults.join('\n'));
    },
  };
}

/** A process ends by itself; on a starved machine that takes a while. Killed, it would not have said that it stopped. */
const stopPatienceMs = 180_000;

function own(child: DemoProcess, port: number): OwnProcess {
  let killed = false;
  const get = async (path: string): Promise<string> => (await fetch(`http://127.0.0.1:${port}${path}`)).text();
  return {
    ...child,
    assertAlive: () => {
      if (!killed) child.assertAlive();
    },
    stop: () => child.stop(stopPatienceMs),
    lines: () =>
      readFileSync(child.logFile, 'utf8')
        .split('\n')
        .flatMap((line) => (line.startsWith('{') && line.endsWith('}') ? [JSON.parse(line) as LogLine] : [])),
    health: async () => JSON.parse(await get('/healthz')) as { ok: boolean; reason: string | null },
    metric: async (series) => {
      const line = (await get('/metrics')).split('\n').find((text) => text.startsWith(`${series} `));
      return line === undefined ? 0 : Number(line.slice(series.length + 1));
    },
    kill: () => {
      killed = true;
      try {
        process.kill(child.pid, 'SIGKILL');
      } catch (thrown) {
        // It has ended already.
        if ((thrown as NodeJS.ErrnoException).code !== 'ESRCH') throw thrown;
      }
    },
  };
}

/**
 * As an operator does it, in a process of its own, and then the logins of the processes; returns what it printed.
 * @throws with what it printed as an error
 */
export async function migrate(environment: Readonly<Record<string, string>>, ...flags: string[]): Promise<string> {
  const options = { cwd: checkoutRoot, env: { ...process.env, ...environment } };
  const run = promisify(execFile)(process.execPath, [...fromSource, 'migrations/main.ts', ...flags], options);
  const { stdout } = await run;
  if (environment['DATABASE_ROLES'] !== 'off') await makeLogins(environment['DATABASE_URL'] ?? '');
  return stdout;
}

/** Every queue is polled and the bridge moves: what is committed now is on its way at once. */
export async function untilReady(bridge: OwnProcess, workers: OwnProcess): Promise<void> {
  for (const process of [workers, bridge]) {
    let health = 'no reply';
    const ready = async (): Promise<boolean> => {
      process.assertAlive();
      const answer = await process.health();
      health = answer.reason ?? 'ready';
      return answer.ok;
    };
    await waitFor(ready, { timeoutMs: 300_000, everyMs: 100 }).catch((thrown: unknown) => {
      throw new Error(`${process.name} is not ready: ${health}; ${JSON.stringify(process.lines().slice(-5))}`, {
        cause: thrown,
      });
    });
  }
  // The version before has no such label.
  const paused = ['nova_bridge_paused_types', 'nova_bridge_paused_types{outbox="main"}'];
  await waitFor(async () => (await Promise.all(paused.map((series) => bridge.metric(series)))).every((n) => n === 0), {
    what: 'no paused type',
  });
}

/** The pending activities of a run, as people see them in the Web UI. */
export async function pendingOf(client: Client, workflowId: string) {
  const { raw } = await client.workflow.getHandle(workflowId).describe();
  return (raw.pendingActivities ?? []).map((pending) => ({
    activity: pending.activityType?.name ?? '',
    attempt: pending.attempt ?? 0,
    failure: pending.lastFailure?.applicationFailureInfo?.type ?? null,
    message: pending.lastFailure?.message ?? null,
    nextInMs:
      Number(pending.scheduledTime?.seconds ?? 0) * 1_000 +
      Number(pending.scheduledTime?.nanos ?? 0) / 1e6 -
      Date.now(),
  }));
}
