import type { StackAddresses } from './addresses';
import { StackError } from './errors';
import { ask, type Health } from './health/ask';
import { furnishAndAsk, launch } from './local';
import { addresses, birthNote, dataFolder, livingProcess, logFile, remember, save, type OpenStack } from './open-stack';
import { choosePorts, portIsFree } from './ports';
import { stopProcess } from './processes';
import { givenBy } from './servers/addresses-of';
import { localServers } from './servers/all';
import type { Located, Program, ServerName } from './servers/server';
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
 * Whether this stack's own server runs and answers as it should: then `up` has nothing to do for it.
 * One that lives gets some time to answer: on a busy machine a late answer is no reason to restart what others work with.
 */
export async function reusable(stack: OpenStack, server: ServerName): Promise<boolean> {
  const entry = stack.record.servers[server];
  if (entry === undefined) return false;
  const lives = () => entry.how === 'docker' || livingProcess(stack, server) !== null;
  const answers = async () => {
    const health = await furnishAndAsk(localServers[server], addresses(stack)).catch((): Health => ({
      healthy: false,
      problem: '',
    }));
    return health.healthy;
  };
  let healthy = false;
  const patience = { timeoutMs: entry.how === 'docker' ? 0 : 15_000, everyMs: 250 };
  await until(async () => !lives() || (healthy = await answers()), patience);
  return healthy;
}

/** Starts one of this machine's own servers, after fetching its program if it has none; returns what it runs. */
export async function startLocal(stack: OpenStack, server: ServerName, located: Located): Promise<string> {
  const program = await programOf(stack, server, located);
  const local = localServers[server];
  for (let attempt = 1; ; attempt += 1) {
    await endLeftover(stack, server);
    Object.assign(stack.record.ports, await choosePorts(local.ports, stack.record.ports, stack.env));
    save(stack);
    try {
      await launchOnce(stack, server, program);
      return program.name;
    } catch (error) {
      // Another program may have taken a port between our look and the start; choosing again finds another port.
      await endLeftover(stack, server);
      const taken = await Promise.all(
        local.ports.map(async (port) => !(await portIsFree(stack.record.ports[port] ?? 0))),
      );
      if (attempt >= 3 || !taken.includes(true)) throw error;
      stack.report.detail(server, 'a port was taken in the meantime: trying others');
    }
  }
}

async function programOf(stack: OpenStack, server: ServerName, located: Located): Promise<Program> {
  if ('ready' in located) return located.ready;
  stack.report.detail(server, located.title);
  return located.fetch((text) => stack.report.detail(server, text));
}

/** A process of this stack that lives but did not answer, or that did not get ready in time. */
async function endLeftover(stack: OpenStack, server: ServerName): Promise<void> {
  const left = livingProcess(stack, server);
  if (left === null) return;
  stack.report.detail(server, `ending process ${left.pid}, which does not answer`);
  await stopProcess(left, localServers[server].stopSignal, 5_000);
}

async function launchOnce(stack: OpenStack, server: ServerName, program: Program): Promise<void> {
  const { folder, record } = stack;
  await launch({
    server: localServers[server],
    setting: {
      program,
      data: dataFolder(folder, server),
      ports: record.ports,
      profile: record.profile,
      temporalNamespace: addresses(stack).temporalNamespace,
    },
    addresses: addresses(stack),
    logFile: logFile(folder, server),
    birthNote: birthNote(folder, server),
    detail: (text) => stack.report.detail(server, text),
    born: (process) =>
      remember(stack, server, {
        how: 'local',
        program: { name: program.name, path: program.path },
        process,
        startedAt: new Date().toISOString(),
      }),
  });
}
