import { join } from 'node:path';
import { checkoutRoot, stackId, type Env } from '../paths';
import type { PortName, Ports } from '../ports';
import type { ServerName } from '../servers/server';
import type { Profile } from '../state-file';

/** The services of docker-compose.yml that make up each server. */
export const servicesOf: Record<ServerName, readonly string[]> = {
  postgres: ['postgres'],
  redis: ['redis'],
  kafka: ['kafka'],
  temporal: ['temporal', 'temporal-ui'],
};

/** The ports that the compose file publishes, by the variable that sets each. */
const portVariables: Partial<Record<PortName, string>> = {
  postgres: 'POSTGRES_PORT',
  redis: 'REDIS_PORT',
  kafka: 'KAFKA_PORT',
  temporal: 'TEMPORAL_PORT',
  temporalUi: 'TEMPORAL_UI_PORT',
};

/** The published ports of these servers; Temporal keeps its data in the compose file's PostgreSQL, which comes with it. */
export function dockerPorts(servers: readonly ServerName[]): PortName[] {
  const needed = new Set<PortName>();
  for (const server of servers) {
    if (server === 'temporal') needed.add('temporalUi').add('postgres');
    needed.add(server);
  }
  return [...needed];
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

/** What the compose file reads from the environment. */
export function composeEnvironment(ports: Ports, profile: Profile, namespace: string): Record<string, string> {
  const published = Object.entries(portVariables).flatMap(([name, variable]) => {
    const port = ports[name as PortName];
    return port === undefined ? [] : [[variable, String(port)] as const];
  });
  return {
    ...Object.fromEntries(published),
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
