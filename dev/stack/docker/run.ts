import { furnishAndAsk } from '../local';
import { messageOf, StackError } from '../errors';
import type { Health } from '../health/ask';
import { addresses, remember, save, type OpenStack } from '../open-stack';
import { choosePorts } from '../ports';
import { runTool } from '../run-tool';
import { givenBy } from '../servers/addresses-of';
import { localServers } from '../servers/all';
import { serverNames, type ServerName } from '../servers/server';
import { until } from '../until';
import { composeEnvironment, dockerPorts, downArguments, projectOf, upArguments } from './compose';

const whatToDo = 'look at what Docker said, or set NOVA_STACK=local to run the servers without it';

/** Brings up the containers of all these servers with one command; `dockerHealthy` then awaits each. */
export async function startDocker(stack: OpenStack, servers: readonly ServerName[]): Promise<void> {
  const { record, env } = stack;
  Object.assign(record.ports, await choosePorts(dockerPorts(servers), record.ports, env));
  record.hasVolumes = true;
  save(stack);
  for (const server of servers) {
    const program = { name: `Docker Compose, project ${projectOf(record.name)}`, path: 'docker-compose.yml' };
    remember(stack, server, { how: 'docker', program, process: null, startedAt: new Date().toISOString() });
  }
  await docker(stack, upArguments(record.name, servers), 1_200_000, (line) => {
    for (const server of servers) stack.report.detail(server, line.trim());
  });
}

/** Waits for the command that starts the containers, then until this server is healthy. */
export async function dockerHealthy(stack: OpenStack, server: ServerName, started: Promise<void>): Promise<string> {
  await started;
  let problem = 'no reply yet';
  const healthy = await until(
    async () => {
      const health = await furnishAndAsk(localServers[server], addresses(stack)).catch((error: unknown): Health => ({
        healthy: false,
        problem: messageOf(error),
      }));
      if (!health.healthy) problem = health.problem;
      return health.healthy;
    },
    { timeoutMs: 240_000, everyMs: 500 },
  );
  if (healthy) return 'Docker Compose';
  throw new StackError({
    code: 'START_FAILED',
    what: `${localServers[server].title} does not reply in its container: ${problem}`,
    where: `npm run stack -- logs ${server} --name ${stack.record.name}`,
    whatToDo: `look at its log, or set ${givenBy[server]} to a server of your own`,
  });
}

export async function stopDocker(stack: OpenStack, wipe: boolean): Promise<void> {
  await docker(stack, downArguments(stack.record.name, wipe), 120_000);
}

async function docker(
  stack: OpenStack,
  args: string[],
  timeoutMs: number,
  onLine?: (line: string) => void,
): Promise<void> {
  const servers = serverNames.filter((server) => stack.record.servers[server]?.how === 'docker');
  const settings = composeEnvironment(servers, stack.record, addresses(stack).temporalNamespace);
  const env = { ...process.env, ...settings };
  await runTool({
    file: 'docker',
    args,
    env,
    timeoutMs,
    whatToDo,
    code: 'START_FAILED',
    ...(onLine ? { onLine } : {}),
  });
}
