import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configFrom, sharedSettings } from '../../../runtime/config';
import { isInState, outboxSettings, outboxesOf } from '../../../runtime/outboxes';

const settings = { ...sharedSettings.database, ...outboxSettings };
const state = 'postgres://nova:secret@state-db/nova';

const read = (environment: Record<string, string>) => configFrom(settings, { DATABASE_URL: state, ...environment });
const listed = (entries: unknown) => read({ OUTBOXES: JSON.stringify(entries) });

describe('the outboxes of a deployment', () => {
  it('are one, main, in the database of DATABASE_URL, when none is listed', () => {
    const config = read({ DATABASE_SCHEMA: 'side_effects' });
    const outboxes = outboxesOf(config);
    expect(outboxes).toEqual([{ name: 'main', url: state, schema: 'side_effects', connections: 4 }]);
    expect(isInState(outboxes[0]!, config)).toBe(true);
  });

  it('are those listed, with defaults for what is left out, and a URL from a file', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'outboxes-')), 'identity-url');
    writeFileSync(file, 'postgres://b@identity-db/identity\n');
    const config = listed([
      { name: 'content', url: 'postgres://b@content-db/content', domains: ['content'], connections: 2 },
      { name: 'identity', urlFile: file, schema: 'events', listenUrl: 'postgres://l@identity-db/identity' },
    ]);
    expect(outboxesOf(config)).toEqual([
      { name: 'content', url: 'postgres://b@content-db/content', domains: ['content'], schema: 'nova', connections: 2 },
      {
        name: 'identity',
        url: 'postgres://b@identity-db/identity',
        schema: 'events',
        connections: 4,
        listenUrl: 'postgres://l@identity-db/identity',
      },
    ]);
    expect(outboxesOf(config).some((outbox) => isInState(outbox, config))).toBe(false);
  });

  it.each([
    ['no JSON', 'content=postgres://b:hunter2@db', 'OUTBOXES: is no JSON'],
    [
      'a bad URL',
      [{ name: 'content', url: 'mysql://b:hunter2@db' }],
      'entry 1 ("content"): url must be a URL that begins',
    ],
    ['no URL', [{ name: 'content' }], 'entry 1 ("content"): must have a PostgreSQL url, or urlFile'],
    [
      'two URLs',
      [{ name: 'a', url: 'postgres://x:hunter2@db', urlFile: '/x' }],
      'entry 1 ("a"): url and urlFile are both set',
    ],
    ['a file that is not there', [{ name: 'a', urlFile: '/not/there' }], 'the file /not/there cannot be read (ENOENT)'],
    ['a domain that is not known', [{ name: 'a', url: state, domains: ['posts'] }], 'entry 1 ("a"): domains.0'],
    ['a field that is not known', [{ name: 'a', url: state, pool: 4 }], '"pool"'],
    ['a bad name', [{ name: 'Content', url: state }], 'entry 1 ("Content"): name must be 1 to 30'],
    [
      'a name twice',
      [
        { name: 'a', url: state },
        { name: 'a', url: state },
      ],
      'two outboxes have the name a',
    ],
    [
      'one table under two names',
      [
        { name: 'a', url: state },
        { name: 'b', url: state },
      ],
      'a and b are in the same schema of one database',
    ],
    ['an empty list', [], 'OUTBOXES:'],
  ])('are refused for %s, with the place and no password', (_, given, message) => {
    let refused = '';
    try {
      read({ OUTBOXES: typeof given === 'string' ? given : JSON.stringify(given) });
    } catch (thrown) {
      refused = (thrown as Error).message;
    }
    expect(refused).toContain(message);
    expect(refused).not.toContain('hunter2');
  });
});
