import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { checkoutRoot } from '../../dev/stack/paths';
import { productRooms, sourcesOf } from '../support/product-files';
import { sqlTextsOf } from '../support/sql-closure';

/** Tables, views, sequences and functions of one set of migrations. */
function namesOf(set: 'outbox' | 'state'): Set<string> {
  const folder = join(checkoutRoot, 'migrations', set);
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.sql'));
  const made = /^CREATE (?:OR REPLACE )?(?:TABLE|VIEW|SEQUENCE|FUNCTION) (\w+)/gm;
  return new Set(
    files.flatMap((file) => [...readFileSync(join(folder, file), 'utf8').matchAll(made)].map(([, name]) => name!)),
  );
}

describe('a statement', () => {
  // They are in different databases, as soon as one service has a database of its own.
  it('of the product names tables of an outbox, or of State, and never of both', () => {
    const [outbox, state] = [namesOf('outbox'), namesOf('state')];
    expect([...outbox].filter((name) => state.has(name))).toEqual([]);
    expect(outbox).toContain('outbox_events');
    expect(state).toContain('notification_deliveries');
    // The console puts pages together of what several statements return.
    const rooms = productRooms.filter((room) => room !== 'migrations' && room !== 'console');
    const texts = sqlTextsOf(sourcesOf(rooms));
    expect(texts.length).toBeGreaterThan(150);
    const mixed = texts.filter(
      ({ names }) => [...names].some((name) => outbox.has(name)) && [...names].some((name) => state.has(name)),
    );
    expect(mixed.map(({ file, name }) => `${file} ${name}`)).toEqual([]);
  });

  it('of the console is there none', () => {
    const sources = sourcesOf(['console']);
    expect(sources.length).toBeGreaterThan(20);
    const own = sources.filter((file) =>
      /\b(FROM|JOIN|INTO|UPDATE) nova\./.test(readFileSync(join(checkoutRoot, file), 'utf8')),
    );
    expect(own).toEqual([]);
  });
});
