import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { StackError } from './errors';

export type Env = Readonly<Record<string, string | undefined>>;

/** Everything of one stack is below one folder, so that `down --wipe` can remove it whole. */
export interface StackFolder {
  readonly root: string;
  readonly stateFile: string;
  readonly logs: string;
  /** One file per server, written by the server's own process before it becomes the server (processes.ts). */
  readonly births: string;
  /** Beside the folder, not in it: `down --wipe` removes the folder while it holds the lock. */
  readonly lockFile: string;
}

const product = 'nova-side-effects';
const isRoot = () => process.getuid?.() === 0;

/** The checkout this file belongs to. */
export const checkoutRoot = realpathSync(resolve(__dirname, '..', '..'));

/** Folder of the stack `name` of this checkout: two checkouts, or two names, never share one. */
export function stackFolder(name: string, env: Env = process.env, checkout = checkoutRoot): StackFolder {
  if (!/^[a-z0-9][a-z0-9-]{0,30}$/.test(name)) {
    throw new StackError({
      code: 'BAD_SETTING',
      what: `"${name}" is no name for a stack`,
      where: '--name',
      whatToDo: 'use up to 31 lower-case letters, digits and hyphens',
    });
  }
  const root = join(stateHome(env), stackId(name, checkout));
  return {
    root,
    stateFile: join(root, 'stack.json'),
    logs: join(root, 'logs'),
    births: join(root, 'run'),
    lockFile: `${root}.lock`,
  };
}

/** Name of the stack that no other checkout's stack has; also its Docker Compose project. */
export function stackId(name: string, checkout = checkoutRoot): string {
  return `${name}-${createHash('sha256').update(checkout).digest('hex').slice(0, 8)}`;
}

/** Where fetched programs are kept. Outside the checkout: a fresh clone does not build Temporal again. */
export function cacheHome(env: Env = process.env): string {
  if (env.NOVA_CACHE_DIR) return resolve(env.NOVA_CACHE_DIR);
  return isRoot() ? join('/var/cache', product) : join(env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), product);
}

function stateHome(env: Env): string {
  if (env.NOVA_STACK_DIR) return resolve(env.NOVA_STACK_DIR);
  // Not below /root: PostgreSQL runs as another user there and must be able to reach its folder.
  return isRoot() ? join('/var/lib', product) : join(env.XDG_STATE_HOME ?? join(homedir(), '.local/state'), product);
}
