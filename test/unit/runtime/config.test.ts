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

  it('gives each variable one meaning in all processes', () => {
    const groups: Record<string, Setting>[] = Object.values(sharedSettings);
    const all = groups.flatMap((group) => Object.values(group));
    expect(new Set(all.map(({ env }) => env)).size).toBe(all.length);
  });
});
