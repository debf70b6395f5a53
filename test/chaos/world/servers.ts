import { cp, rm } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { type StackAddresses } from '../../../dev/stack/addresses';
import { reusable, startLocal } from '../../../dev/stack/bring-up';
import { messageOf } from '../../../dev/stack/errors';
import { addresses as addressesOf, dataFolder, livingProcess, type OpenStack } from '../../../dev/stack/open-stack';
import { type Env, stackFolder } from '../../../dev/stack/paths';
import { freePort, type PortName, portVariable } from '../../../dev/stack/ports';
import { stopProcess } from '../../../dev/stack/processes';
import { silentReporter } from '../../../dev/stack/reporter';
import { givenBy } from '../../../dev/stack/servers/addresses-of';
import { kafkaAdvertisedPort } from '../../../dev/stack/servers/kafka';
import { localServers } from '../../../dev/stack/servers/all';
import { type ServerName } from '../../../dev/stack/servers/server';
import { down, up } from '../../../dev/stack/stack';
import { readRecord } from '../../../dev/stack/state-file';
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy';

/** The run's own servers, each of which can be harmed alone. */
export interface ChaosServers {
  readonly addresses: StackAddresses;
  /** The proxy that the broker advertises: every client of Kafka goes through it, whatever address it began with. */
  readonly kafkaProxy: FaultProxy;
  /** Where broker 1 has its data, and its controller. */
  readonly kafkaNode: { readonly data: string; readonly controllerPort: number };
  pidOf(server: ServerName): number;
  kill(server: ServerName): Promise<void>;
  /** Its clean stop. */
  stop(server: ServerName): Promise<void>;
  /** SIGSTOP, or SIGCONT. */
  signal(server: ServerName, signal: 'SIGSTOP' | 'SIGCONT'): void;
  /** On the same data and the same port; resolves when it replies. Patient: a killed server may need time to recover. */
  start(server: ServerName): Promise<void>;
  /** Copies its data as they are now. The function that is returned kills the server and starts it with that copy. */
  keepData(server: ServerName): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

const startPatienceMs = 600_000;

/** Brings an empty stack up that keeps its data over restarts. Never takes servers that the environment gives. */
export async function bringServersUp(name: string): Promise<ChaosServers> {
  const kafkaPort = await freePort();
  const kafkaProxy = await startFaultProxy({ host: '127.0.0.1', port: kafkaPort });
  const env = {
    ...ownServersOnly(process.env),
    [portVariable('kafka')]: String(kafkaPort),
    [kafkaAdvertisedPort]: String(kafkaProxy.port),
  };
  await up({ name, profile: 'durable', wipe: true, env });
  const folder = stackFolder(name, env);
  const record = readRecord(folder.stateFile);
  if (record === null) throw new Error(`the stack "${name}" came up without a record (${folder.stateFile})`);
  const stack: OpenStack = { folder, record, env: withPorts(env, record.ports), report: silentReporter };

  const end = async (server: ServerName, signal: NodeJS.Signals): Promise<void> => {
    const living = livingProcess(stack, server);
    if (living !== null) await stopProcess(living, signal, 30_000);
  };
  const tails = new Map<ServerName, Promise<void>>();
  /** One at a time per server: the schedule and others that start or end servers must not meet. */
  const inTurn = (server: ServerName, work: () => Promise<void>): Promise<void> => {
    const turn = (tails.get(server) ?? Promise.resolve()).then(work);
    tails.set(
      server,
      turn.catch(() => undefined),
    );
    return turn;
  };
  const start = async (server: ServerName): Promise<void> => {
    const deadline = Date.now() + startPatienceMs;
    while (!(await reusable(stack, server))) {
      try {
        await startLocal(stack, server, await localServers[server].locate(env));
        return;
      } catch (error) {
        if (Date.now() > deadline) throw new Error(`${server} does not come back: ${messageOf(error)}`);
        await pause(250);
      }
    }
  };
  return {
    addresses: addressesOf(stack),
    kafkaProxy,
    kafkaNode: { data: dataFolder(folder, 'kafka'), controllerPort: record.ports.kafkaController ?? 0 },
    pidOf: (server) => livingProcess(stack, server)?.pid ?? 0,
    kill: (server) => inTurn(server, () => end(server, 'SIGKILL')),
    stop: (server) => inTurn(server, () => end(server, localServers[server].stopSignal)),
    signal(server, signal) {
      const living = livingProcess(stack, server);
      if (living !== null) process.kill(living.pid, signal);
    },
    start: (server) => inTurn(server, () => start(server)),
    async keepData(server) {
      const data = dataFolder(folder, server);
      const copy = `${data}.kept`;
      await copyLiving(data, copy);
      return () =>
        inTurn(server, async () => {
          await end(server, 'SIGKILL');
          await rm(data, { recursive: true, force: true, maxRetries: 5 });
          await cp(copy, data, { recursive: true, preserveTimestamps: true });
          await start(server);
        });
    },
    async close() {
      await down({ name, env });
      await kafkaProxy.close();
    },
  };
}

const copyTries = 5;

/** A server at work may rename a file while it is copied. */
async function copyLiving(from: string, to: string, tries = copyTries): Promise<void> {
  await rm(to, { recursive: true, force: true });
  try {
    await cp(from, to, { recursive: true, preserveTimestamps: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || tries === 1) throw error;
    await copyLiving(from, to, tries - 1);
  }
}

/** The environment as if it gave no server's address. */
function ownServersOnly(env: Env): Env {
  const given = new Set<string>(Object.values(givenBy));
  const own = Object.fromEntries(Object.entries(env).filter(([variable]) => !given.has(variable)));
  return { ...own, NOVA_STACK: 'local' };
}

/** A restarted server must be where it was: a port that is still taken is waited for, not replaced. */
function withPorts(env: Env, ports: OpenStack['record']['ports']): Env {
  const fixed = Object.entries(ports).map(([name, port]) => [portVariable(name as PortName), String(port)]);
  return { ...env, ...(Object.fromEntries(fixed) as Record<string, string>) };
}
