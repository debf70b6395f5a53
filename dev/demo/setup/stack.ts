import { toError } from '../../../runtime/errors';
import { down, status, up, type StackState } from '../../stack/stack';
import { type Env } from '../../stack/paths';
import { givenBy } from '../../stack/servers/addresses-of';
import { type Reporter } from '../../stack/reporter';
import { type Cleanup } from '../../../proof/run/cleanup';
import { endOrphans } from './run-register';

const name = 'demo';

/** The environment as if it gave no server's address. */
function withoutGiven(env: Env): Env {
  const given = new Set<string>(Object.values(givenBy));
  return Object.fromEntries(Object.entries(env).filter(([variable]) => !given.has(variable)));
}

/**
 * Brings the demo's servers up, or takes those the environment gives. Whatever was not running before is taken down at
 * the end, unless another run has begun to use it.
 */
export async function bringStackUp(report: Reporter, interrupted: AbortSignal, cleanup: Cleanup): Promise<StackState> {
  // Also behind the given addresses: what someone else left running is not ours to take down.
  const before = await status(name, withoutGiven(process.env));
  const ranBefore = before.servers.some((server) => server.health.healthy);
  const rising = up({ name, report });
  cleanup.add('the servers', async () => {
    // After Ctrl-C they may still be starting, and half a stack would be left behind.
    await rising.catch(() => undefined);
    if (!ranBefore && (await endOrphans(before.dataDir)).length === 0) await down({ name, report });
  });
  // The first start may build for minutes: Ctrl-C does not wait for that.
  const giveUp = new Promise<never>((_, reject) => {
    interrupted.addEventListener('abort', () => reject(toError(interrupted.reason)), { once: true });
  });
  return Promise.race([rising, giveUp]);
}
