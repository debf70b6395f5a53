import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { checkoutRoot } from '../../dev/stack/paths';

/** The rooms of the product. */
export const productRooms = [
  'contracts',
  'runtime',
  'feeds',
  'outbox',
  'workflows',
  'activities',
  'outbox-bridge',
  'client',
  'workers',
  'ops',
  'console',
  'migrations',
] as const;

/** The TypeScript sources of these rooms, as paths from the root of the checkout. */
export function sourcesOf(rooms: readonly string[]): string[] {
  return rooms
    .flatMap((room) =>
      readdirSync(join(checkoutRoot, room), { recursive: true, encoding: 'utf8' }).map((file) => join(room, file)),
    )
    .filter((file) => file.endsWith('.ts') && !/(^|\/)(node_modules|dist)\//.test(file));
}
