import { type Context } from 'hono';
import { type ConsoleConfig, knowsPeople } from '../settings';
import { type Proxy } from './proxy';
import { type Person } from './roles';
import { type Sessions } from './sessions';

const anyone: Person = { name: null, role: 'read', session: '' };

/** Who asks: as the proxy says, else as the signed cookie says. Null: it must be known, and is not. */
export async function identify(
  c: Context,
  { config, proxy, sessions }: { readonly config: ConsoleConfig; readonly proxy: Proxy; readonly sessions: Sessions },
): Promise<Person | null> {
  return proxy.person(c) ?? (await sessions.of(c)) ?? (knowsPeople(config) ? null : anyone);
}
