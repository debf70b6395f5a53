import { setTimeout as pause } from 'node:timers/promises';
import type { StackAddresses } from './addresses';

import { messageOf, StackError } from './errors';
import { ask, type Health } from './health/ask';
import { furnishAndAsk, launch, prepareData } from './local';
import { addresses, birthNote, dataFolder, livingProcess, logFile, remember, save, type OpenStack } from './open-stack';
import { choosePorts } from './ports';
import { stopProcess } from './processes';
import { addressesOf, givenBy } from './servers/addresses-of';
import { localServers } from './servers/all';
import { kafkaAdvertisedPort } from './servers/kafka';
import type { Located, Program, ServerName, Setting } from './servers/server';
import { until } from './until';

/** A given server is only asked how it is. */
export async function checkGiven(server: ServerName, addresses: StackAddresses): Promise<string> {
  const health = await ask(server, addresses, 10_000);
  if (health.healthy)
    return `given by ${givenBy[server]}, version ${health.version}${health.note ? `; ${health.note}` : ''}`;
  throw new StackError({
    code: 'GIVEN_UNREACHABLE',
    what: `${localServers[server].title} is not healthy at the address that the environment gives: ${health.problem}`,
    where: givenBy[server],
    whatToDo: 'start it or correct the variable, or unset it so that the stack runs one of its own',
  });
}

/**
 * Whether this stack's own server runs and is healthy: then `up` has nothing to do for it.
 * One that lives gets some time to answer: on a busy machine a late answer is no reason to restart what others work with.
 */
export async function reusable(stack: OpenStack, server: ServerName): Promise<boolean> {
  const entry = stack.record.servers[server];
  if (entry === undefined) return false;
  const lives = () => entry.how === 'docker' || livingProcess(stack, server) !== null;
  const replies = async () => {
    const health = await furnishAndAsk(localServers[server], addresses(stack)).catch((): Health => ({
      healthy: false,
      problem: '',
    }));
    return health.healthy;
  };
  let healthy = false;
  const patience = { timeoutMs: entry.how === 'docker' ? 0 : 60_000, everyMs: 250 };
  await until(async () => !lives() || (healthy = await replies()), patience);
  return healthy;
}

const attempts = 3;

/** Starts one of this machine's own servers, after fetching its program if it has none; returns what it runs. */
export async function startLocal(stack: OpenStack, server: ServerName, located: Located): Promise<string> {
  const { report, record, env } = stack;
  const program = await programOf(stack, server, located);
  const local = localServers[server];
  for (let attempt = 1; ; attempt += 1) {
    await endLeftover(stack, server);
    Object.assign(record.ports, await choosePorts(local.ports, record.ports, env));
    save(stack);
    const setting = settingOf(stack, server, program);
    report.detail(server, 'preparing its data folder');
    await prepareData(local, setting);
    report.detail(server, `starting ${program.name} (${program.path})`);
    try {
      await launchOnce(stack, server, setting);
      return program.name;
    } catch (error) {
      // One that ended by itself may have met what passes: a port taken since our look, the last children of a killed
      // PostgreSQL. One that runs and does not reply has had its time.
      if (attempt === attempts || livingProcess(stack, server) !== null) throw error;
      report.detail(server, `trying again: ${messageOf(error)}`);
      await pause(500);
    }
  }
}

async function programOf(stack: OpenStack, server: ServerName, located: Located): Promise<Program> {
  if ('ready' in located) return located.ready;
  stack.report.detail(server, located.title);
  return located.fetch((text) => stack.report.detail(server, text));
}

/** A process of this stack that lives but did not reply, or that did not get ready in time. */
async function endLeftover(stack: OpenStack, server: ServerName): Promise<void> {
  const left = livingProcess(stack, server);
  if (left === null) return;
  stack.report.detail(server, `ending process ${left.pid}, which does not reply`);
  await stopProcess(left, localServers[server].stopSignal, 5_000);
}

function settingOf({ folder, record, env }: OpenStack, server: ServerName, program: Program): Setting {
  const { temporalNamespace } = addressesOf(env, record.ports);
  const { ports, profile } = record;
  const advertised = Number(env[kafkaAdvertisedPort] ?? ports.kafka);
  return {
    program,
    data: dataFolder(folder, server),
    ports,
    profile,
    temporalNamespace,
    kafkaAdvertisedPort: advertised,
  };
}

async function launchOnce(stack: OpenStack, server: ServerName, setting: Setting): Promise<void> {
  await launch({
    server: localServers[server],
    setting,
    addresses: addresses(stack),
    logFile: logFile(stack.folder, server),
    birthNote: birthNote(stack.folder, server),
    born: (process) =>
      remember(stack, server, {
        how: 'local',
        program: { name: setting.program.name, path: setting.program.path },
        process,
        startedAt: new Date().toISOString(),
      }),
  });
}
