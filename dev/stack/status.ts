import { environmentOf, type StackAddresses } from './addresses';
import { dataBytes } from './data-size';
import { ask, type Health } from './health/ask';
import { dataFolder, livingProcess } from './open-stack';
import { stackFolder, type Env } from './paths';
import { addressesOf, isGiven } from './servers/addresses-of';
import { serverNames, type ServerName } from './servers/server';
import { emptyRecord, readRecord, type StackRecord } from './state-file';

export interface ServerStatus {
  readonly server: ServerName;
  /** `none`: neither given nor started. */
  readonly how: 'given' | 'docker' | 'local' | 'none';
  /** What runs and from where; null for a given server and for none. */
  readonly program: { readonly name: string; readonly path: string } | null;
  /** Without its password; null for a server that was never started. */
  readonly address: string | null;
  /** Process of a local server; null for others and for one that is not running. */
  readonly pid: number | null;
  readonly health: Health;
  /** Bytes on disk of a local server's data. */
  readonly dataBytes: number | null;
}

export interface StackStatus {
  readonly name: string;
  readonly dataDir: string;
  readonly healthy: boolean;
  readonly addresses: StackAddresses;
  /** The same addresses as environment variables for our own processes. */
  readonly env: Readonly<Record<string, string>>;
  readonly servers: readonly ServerStatus[];
}

/** How a stack is now, by asking each server. Changes nothing. */
export async function status(name: string, env: Env = process.env): Promise<StackStatus> {
  const folder = stackFolder(name, env);
  const record = readRecord(folder.stateFile) ?? emptyRecord(name);
  const addresses = addressesOf(env, record.ports);
  const servers = await Promise.all(
    serverNames.map(async (server): Promise<ServerStatus> => {
      const how = howOf(server, record, env);
      const own = how === 'local';
      return {
        server,
        how,
        program: how === 'given' ? null : (record.servers[server]?.program ?? null),
        address: how === 'none' ? null : addressOf(server, addresses),
        pid: own ? (livingProcess({ folder, record }, server)?.pid ?? null) : null,
        health: how === 'none' ? { healthy: false, problem: 'not started' } : await ask(server, addresses),
        dataBytes: own ? dataBytes(dataFolder(folder, server)) : null,
      };
    }),
  );
  const healthy = servers.every((server) => server.health.healthy);
  return { name, dataDir: folder.root, healthy, addresses, env: environmentOf(addresses), servers };
}

function howOf(server: ServerName, record: StackRecord, env: Env): ServerStatus['how'] {
  return isGiven(server, env) ? 'given' : (record.servers[server]?.how ?? 'none');
}

function addressOf(server: ServerName, addresses: StackAddresses): string {
  return {
    postgres: withoutPassword(addresses.databaseUrl),
    redis: withoutPassword(addresses.redisUrl),
    kafka: addresses.kafkaBrokers,
    temporal: addresses.temporalAddress,
  }[server];
}

/** A given address may hold a real password, and a status is pasted into tickets. */
export function withoutPassword(url: string): string {
  return url.replace(/^(\w+:\/\/[^:/@]*):[^@]*@/, '$1:…@');
}
