import type { StackAddresses } from '../addresses';
import type { Ports } from '../ports';
import type { ServerName } from './server';
import type { Env } from '../paths';

/** The variables that give a server's address, in place of one of ours. */
export const givenBy = {
  postgres: 'DATABASE_URL',
  redis: 'REDIS_URL',
  kafka: 'KAFKA_BROKERS',
  temporal: 'TEMPORAL_ADDRESS',
} as const satisfies Record<ServerName, string>;

/** Whether the environment gives this server's address: then it is only asked how it is, never started or stopped. */
export function isGiven(server: ServerName, env: Env): boolean {
  return (env[givenBy[server]] ?? '') !== '';
}

/** Each server's address: the given one, else where this stack's own listens. */
export function addressesOf(env: Env, ports: Ports): StackAddresses {
  const given = (server: ServerName) => (isGiven(server, env) ? env[givenBy[server]] : undefined);
  const at = (port: number | undefined) => `127.0.0.1:${port ?? 0}`;
  return {
    databaseUrl: given('postgres') ?? `postgres://nova:nova@${at(ports.postgres)}/nova`,
    redisUrl: given('redis') ?? `redis://${at(ports.redis)}`,
    kafkaBrokers: given('kafka') ?? at(ports.kafka),
    temporalAddress: given('temporal') ?? at(ports.temporal),
    temporalNamespace: env.TEMPORAL_NAMESPACE || 'nova',
    temporalUiUrl: isGiven('temporal', env) ? env.TEMPORAL_UI_URL || null : `http://${at(ports.temporalUi)}`,
  };
}
