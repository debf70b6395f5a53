import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkAtMost } from '../../../runtime/check-budgets';
import { type Setting, configFrom, setting, sharedSettings } from '../../../runtime/config';

const settings = {
  url: setting.url('DATABASE_URL', 'where', ['postgres'], { secret: true }),
  wait: setting.integer('WAIT_MS', 'wait, milliseconds', { min: 1, max: 10 }, { fallback: '5' }),
  on: setting.boolean('ON', 'switch', { fallback: 'false' }),
  hosts: setting.list('HOSTS', 'hosts', { fallback: 'a:1, b:2 ,' }),
};

describe('configuration', () => {
  it('reads, applies fallbacks, converts and freezes', () => {
    const config = configFrom(settings, { DATABASE_URL: 'postgres://u:p@h/d', WAIT_MS: ' 7 ', ON: '' });
    expect(config).toEqual({ url: 'postgres://u:p@h/d', wait: 7, on: false, hosts: ['a:1', 'b:2'] });
    expect(Object.isFrozen(config)).toBe(true);
  });

  it('names every wrong variable at once, its value and what is allowed', () => {
    expect(() => configFrom(settings, { WAIT_MS: '11', ON: 'yes' })).toThrow(
      'configuration: DATABASE_URL is not set; it must be a URL that begins with postgres://; WAIT_MS="11" must be a whole number from 1 to 10; ON="yes" must be true or false',
    );
  });

  it('hides the value of a secret', () => {
    expect(() => configFrom(settings, { DATABASE_URL: 'mysql://u:hunter2@h' })).toThrow(
      /DATABASE_URL=\(hidden\) must be/,
    );
    expect(() => configFrom(settings, { DATABASE_URL: 'mysql://u:hunter2@h' })).not.toThrow(/hunter2/);
  });

  it('takes a secret from the file that its _FILE variable names, without the last line break', () => {
    const folder = mkdtempSync(join(tmpdir(), 'nova-secret-'));
    const file = join(folder, 'url');
    const from = (environment: Record<string, string>) => configFrom(settings, environment).url;
    try {
      writeFileSync(file, 'postgres://u:p@h/d\n');
      expect(from({ DATABASE_URL_FILE: file })).toBe('postgres://u:p@h/d');
      expect(() => from({ DATABASE_URL_FILE: file, DATABASE_URL: 'postgres://h' })).toThrow(
        'DATABASE_URL and DATABASE_URL_FILE are both set; remove one',
      );
      expect(() => from({ DATABASE_URL_FILE: `${file}.not` })).toThrow(
        `DATABASE_URL_FILE: the file ${file}.not cannot be read (ENOENT)`,
      );
      writeFileSync(file, '\n');
      expect(() => from({ DATABASE_URL_FILE: file })).toThrow(`DATABASE_URL_FILE: the file ${file} is empty`);
    } finally {
      rmSync(folder, { recursive: true });
    }
    // Only secrets: other settings have names of their own that end so.
    expect(configFrom(settings, { DATABASE_URL: 'postgres://h', WAIT_MS_FILE: '/nowhere' }).wait).toBe(5);
  });

  it('refuses a least value above the greatest, naming both', () => {
    const pair = {
      min: setting.integer('POLL_MIN_MS', '', { min: 1, max: 9 }),
      max: setting.integer('POLL_MAX_MS', '', { min: 1, max: 9 }),
    };
    const check = (min: string, max: string) =>
      checkAtMost(pair, configFrom(pair, { POLL_MIN_MS: min, POLL_MAX_MS: max }), [['min', 'max']]);
    expect(() => check('5', '5')).not.toThrow();
    expect(() => check('6', '5')).toThrow('POLL_MIN_MS=6 must not be greater than POLL_MAX_MS=5');
  });

  it('gives each variable one meaning in all processes', () => {
    const groups: Record<string, Setting>[] = Object.values(sharedSettings);
    const all = groups.flatMap((group) => Object.values(group));
    expect(new Set(all.map(({ env }) => env)).size).toBe(all.length);
  });
});
