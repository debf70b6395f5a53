import { join } from 'node:path';
import { checkoutRoot, stackId, type Env } from '../paths';
import type { PortName } from '../ports';
import { serverNames, type ServerName } from '../servers/server';
import type { StackRecord } from '../state-file';

/** The services of docker-compose.yml that make up each server. */
export const servicesOf: Record<ServerName, readonly string[]> = {
  postgres: ['postgres'],
  redis: ['redis'],
  kafka: ['kafka'],
  temporal: ['temporal', 'temporal-ui'],
};

/** The ports on which the compose file opens each server to this machine, by the variable that sets each. */
const portVariables = {
  postgres: { POSTGRES_PORT: 'postgres' },
  redis: { REDIS_PORT: 'redis' },
  kafka: { KAFKA_PORT: 'kafka' },
  temporal: { TEMPORAL_PORT: 'temporal', TEMPORAL_UI_PORT: 'temporalUi' },
} as const satisfies Record<ServerName, Record<string, PortName>>;

/** The ports to choose before these servers are started. */
export function dockerPorts(servers: readonly ServerName[]): PortName[] {
  return servers.flatMap((server): PortName[] => Object.values(portVariables[server]));
}

/** One Compose project per stack, so that two stacks run side by side. */
export const projectOf = (name: string, checkout = checkoutRoot) => `nova-${stackId(name, checkout)}`;

function compose(name: string, ...command: string[]): string[] {
  return ['compose', '--project-name', projectOf(name), '--file', join(checkoutRoot, 'docker-compose.yml'), ...command];
}

/** Not `--wait`: it takes a one-shot service that has ended well for a failure (docker/compose issue 10596). */
export function upArguments(name: string, servers: readonly ServerName[]): string[] {
  return compose(name, 'up', '--detach', ...servers.flatMap((server) => servicesOf[server]));
}

export function downArguments(name: string, wipe: boolean): string[] {
  return compose(name, 'down', ...(wipe ? ['--volumes'] : []));
}

export function logsArguments(name: string, server: ServerName, options: { lines: number; follow: boolean }): string[] {
  const tail = ['--tail', String(options.lines), '--no-log-prefix'];
  return compose(name, 'logs', ...tail, ...(options.follow ? ['--follow'] : []), ...servicesOf[server]);
}

/**
 * What the compose file reads from the environment, for a stack of which `servers` run in Docker. The others get port 0,
 * "any", because they may come along: Temporal stores in the compose file's PostgreSQL even where ours is a given one.
 */
export function composeEnvironment(
  servers: readonly ServerName[],
  { ports, profile }: Pick<StackRecord, 'ports' | 'profile'>,
  namespace: string,
): Record<string, string> {
  const opened = serverNames.flatMap((server) =>
    Object.entries(portVariables[server]).map(([variable, name]) => {
      return [variable, String(servers.includes(server) ? (ports[name] ?? 0) : 0)];
    }),
  );
  return {
    ...(Object.fromEntries(opened) as Record<string, string>),
    TEMPORAL_NAMESPACE: namespace,
    TEMPORAL_DYNAMIC_CONFIG: profile === 'test' ? 'temporal-dynamic-test.yaml' : 'temporal-dynamic.yaml',
  };
}

export type Mode = 'auto' | 'local' | 'docker';

/** NOVA_STACK, or null when it holds something else. */
export function modeOf(env: Env): Mode | null {
  const value = env.NOVA_STACK || 'auto';
  return value === 'auto' || value === 'local' || value === 'docker' ? value : null;
}
