import { kafka } from './kafka';
import { postgres } from './postgres';
import { redis } from './redis';
import type { LocalServer, ServerName } from './server';
import { temporal } from './temporal';

export const localServers: Record<ServerName, LocalServer> = { postgres, redis, kafka, temporal };
