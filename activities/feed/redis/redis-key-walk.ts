import { type Redis } from 'ioredis';
import { asRedisError } from '../../../runtime/redis';
import { type IdWalk, type IdWalkPage } from '../id-walk';

/** Keys of the whole server that one step looks at: a millisecond of its time. */
const keysPerStep = 1_000;

/**
 * Walks with SCAN, which needs no memory here or in Redis. A cursor is `<run id> <cursor>`: it means nothing elsewhere.
 */
export class RedisKeyWalk implements IdWalk {
  /** `keyOf`: makes the key of an id by putting something before it. */
  constructor(
    private readonly redis: Redis,
    private readonly keyOf: (id: string) => string,
  ) {}

  async page(from: string | null): Promise<IdWalkPage> {
    const [runId = '', cursor = '0'] = from?.split(' ') ?? [];
    const step = await this.step(cursor);
    // A server that was started again has other buckets: what the cursor has passed may be before it now.
    const { keys, runId: now, next } = from === null || step.runId === runId ? step : await this.step('0');
    const prefix = `${this.redis.options.keyPrefix ?? ''}${this.keyOf('')}`;
    const ids = keys.map((key) => key.slice(prefix.length));
    return { ids, next: next === '0' ? null : `${now} ${next}` };
  }

  private async step(cursor: string): Promise<{ runId: string; next: string; keys: string[] }> {
    const pattern = `${escaped(this.redis.options.keyPrefix ?? '')}${this.keyOf('')}*`;
    const [info, scan] = await transaction(
      this.redis.multi().info('server').scan(cursor, 'MATCH', pattern, 'COUNT', keysPerStep),
    );
    const [next, keys] = scan as [string, string[]];
    return { runId: /run_id:(\S+)/.exec(String(info))?.[1] ?? '', next, keys };
  }
}

async function transaction(commands: ReturnType<Redis['multi']>): Promise<unknown[]> {
  const replies = await commands.exec().catch((thrown: unknown) => Promise.reject(asRedisError(thrown) as Error));
  return (replies ?? []).map(([error, reply]) => {
    if (error) throw asRedisError(error) as Error;
    return reply;
  });
}

/** A prefix may contain what SCAN would take for a pattern. */
function escaped(prefix: string): string {
  return prefix.replace(/[\\*?[\]^]/g, '\\$&');
}
