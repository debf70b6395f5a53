import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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

  it.each([
    ['DATABASE_ULR', 'DATABASE_URL'],
    ['DATABSE_URL', 'DATABASE_URL'],
    ['DATABASE_URL_FIEL', 'DATABASE_URL_FILE'],
  ])('names %s when %s is missing, or empty', (given, meant) => {
    const environment = { [given]: 'x', DATABASE_URL: '', HOME: '/root', DATA_BASE: 'y' };
    expect(() => configFrom(settings, environment)).toThrow(
      `DATABASE_URL is not set; it must be a URL that begins with postgres:// (${given} is set: did you mean ${meant}?)`,
    );
    expect(() => configFrom(settings, { HOME: '/root' })).toThrow(/with postgres:\/\/$/);
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

  describe('a profile of a temporal.toml', () => {
    const folder = mkdtempSync(join(tmpdir(), 'nova-profile-'));
    const file = join(folder, 'temporal.toml');
    afterAll(() => rmSync(folder, { recursive: true }));
    const read = (environment: Record<string, string>, toml = cloud) => {
      writeFileSync(file, toml);
      return configFrom(sharedSettings.temporal, { HOME: folder, TEMPORAL_CONFIG_FILE: file, ...environment });
    };
    const cloud = `
      [profile.default]
      namespace = "of-default"
      [profile.cloud]
      address = "cloud.example:7233"
      namespace = "of-cloud"
      api_key = "secret"
      [profile.cloud.tls]
      server_name = "front.example"
      client_cert_path = "/c.pem"
      client_key_path = "/k.pem"
      server_ca_cert_path = "/ca.pem"
      [profile.odd]
      grpc_meta = { authorization = "x" }
      [profile.odd.tls]
      client_cert_data = "pem"`;

    it('gives address, namespace, API key and TLS, in which our own variables win', () => {
      expect(read({ TEMPORAL_PROFILE: 'cloud' })).toMatchObject({
        ...{ temporalAddress: 'cloud.example:7233', temporalNamespace: 'of-cloud', temporalApiKey: 'secret' },
        ...{ temporalTls: true, temporalTlsServerName: 'front.example', temporalCaFile: '/ca.pem' },
        ...{ temporalCertFile: '/c.pem', temporalKeyFile: '/k.pem' },
      });
      const own = { TEMPORAL_NAMESPACE: 'own', TEMPORAL_CA_FILE: '/own.pem', TEMPORAL_ADDRESS: '' };
      expect(read({ TEMPORAL_PROFILE: 'cloud', ...own })).toMatchObject({
        ...{ temporalAddress: 'cloud.example:7233', temporalNamespace: 'own', temporalCaFile: '/own.pem' },
      });
      expect(read({ TEMPORAL_PROFILE: 'cloud', TEMPORAL_TLS: 'false' })).toMatchObject({
        ...{ temporalTls: false, temporalCaFile: '', temporalTlsServerName: '' },
      });
      expect(read({}).temporalNamespace).toBe('of-default');
    });

    it('is read only when a variable asks for it, from the usual place too', () => {
      mkdirSync(join(folder, '.config/temporalio'), { recursive: true });
      writeFileSync(join(folder, '.config/temporalio/temporal.toml'), cloud);
      expect(configFrom(sharedSettings.temporal, { HOME: folder }).temporalNamespace).toBe('nova');
      const usual = { HOME: folder, TEMPORAL_PROFILE: 'cloud' };
      expect(configFrom(sharedSettings.temporal, usual).temporalNamespace).toBe('of-cloud');
    });

    it('that is not there, or cannot be used as a whole, is an error that names the variable', () => {
      expect(() => read({ TEMPORAL_PROFILE: 'nowhere' })).toThrow(/TEMPORAL_PROFILE=nowhere, .*'nowhere' not found/);
      expect(() => read({ TEMPORAL_CONFIG_FILE: '/nowhere' })).toThrow(
        'TEMPORAL_CONFIG_FILE=/nowhere: there is no such file',
      );
      expect(() => read({ TEMPORAL_PROFILE: 'odd' })).toThrow(/must be files.*grpc_meta is not sent/);
      expect(() => read({}, '[profile.default]\nadress = "x"')).toThrow(/unrecognized in profile.default: adress/);
      expect(() => read({}, 'no toml')).toThrow(/TEMPORAL_CONFIG_FILE=.*temporal.toml: /);
    });
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
