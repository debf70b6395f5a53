import type { StackAddresses } from '../addresses';
import { messageOf } from '../errors';
import type { Answer, ServerName } from '../servers/server';
import { within } from '../until';
import { askKafka } from './kafka';
import { askPostgres } from './postgres';
import { askRedis } from './redis';
import { askTemporal } from './temporal';

export type Health =
  | { readonly healthy: true; readonly latencyMs: number; readonly version: string; readonly note?: string }
  | { readonly healthy: false; readonly problem: string };

const questions: Record<ServerName, (addresses: StackAddresses) => Promise<Answer>> = {
  postgres: askPostgres,
  redis: askRedis,
  kafka: askKafka,
  temporal: askTemporal,
};

/** Talks to the server as its clients do; a port that merely accepts connections is not healthy. */
export async function ask(server: ServerName, addresses: StackAddresses, timeoutMs = 5_000): Promise<Health> {
  const begun = performance.now();
  try {
    const answer = await within(timeoutMs, server, questions[server](addresses));
    return { healthy: true, latencyMs: Math.round(performance.now() - begun), ...answer };
  } catch (error) {
    return { healthy: false, problem: messageOf(error) };
  }
}
