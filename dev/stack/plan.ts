import { checkGiven, reusable, startLocal } from './bring-up';
import { useDocker } from './docker/engine';
import { dockerHealthy, startDocker } from './docker/run';
import { addresses, type OpenStack } from './open-stack';
import { reported } from './reporter';
import { isGiven } from './servers/addresses-of';
import { localServers } from './servers/all';
import { serverNames, type Located, type ServerName } from './servers/server';

/** Given and healthy; ours and healthy; to be started in a container, or as a daemon of this machine. */
type Step = { readonly given: string } | 'keep' | 'docker' | Located;
export type Plan = Readonly<Record<ServerName, Step>>;

/**
 * Decides for every server how it will be had, before anything is fetched or started: what is missing is said at once and
 * not after three minutes of building something else.
 */
export async function makePlan(stack: OpenStack): Promise<Plan> {
  const kept = await Promise.all(
    serverNames.map(async (server): Promise<[ServerName, Step | null]> => {
      if (isGiven(server, stack.env)) return [server, { given: await checkGiven(server, addresses(stack)) }];
      return [server, (await reusable(stack, server)) ? 'keep' : null];
    }),
  );
  const docker = kept.some(([, step]) => step === null) && (await useDocker(stack.env));
  const steps = await Promise.all(
    kept.map(async ([server, step]): Promise<[ServerName, Step]> => {
      return [server, step ?? (docker ? 'docker' : await localServers[server].locate(stack.env))];
    }),
  );
  return Object.fromEntries(steps) as Record<ServerName, Step>;
}

/** Does what was planned, all servers at once, and returns those that it started. The first failure is thrown at the end. */
export async function carryOut(stack: OpenStack, plan: Plan): Promise<ServerName[]> {
  const inDocker = serverNames.filter((server) => plan[server] === 'docker');
  const containers = inDocker.length > 0 ? startDocker(stack, inDocker) : Promise.resolve();
  containers.catch(() => undefined); // each server that waits for it reports it
  const started: ServerName[] = [];
  const act = async (server: ServerName): Promise<string> => {
    const step = plan[server];
    if (step === 'keep') return `already up: ${stack.record.servers[server]?.program.name ?? ''}`;
    if (step !== 'docker' && 'given' in step) return step.given;
    const summary =
      step === 'docker' ? await dockerHealthy(stack, server, containers) : await startLocal(stack, server, step);
    started.push(server);
    return summary;
  };
  const results = await Promise.allSettled(
    serverNames.map((server) => reported(stack.report, server, localServers[server].title, () => act(server))),
  );
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
  return serverNames.filter((server) => started.includes(server));
}
