import { searchAttributes } from '../../../../contracts/search-attributes';
import { kafkaProperties } from '../../../../dev/stack/servers/kafka';
import { postgresArguments } from '../../../../dev/stack/servers/postgres';
import { redisArguments } from '../../../../dev/stack/servers/redis';
import { temporalArguments } from '../../../../dev/stack/servers/temporal';

const ports = {
  postgres: 1,
  redis: 2,
  kafka: 3,
  kafkaController: 4,
  temporal: 5,
  temporalUi: 6,
  temporalHttp: 7,
  temporalMetrics: 8,
};
const setting = { data: '/data', ports, profile: 'durable', temporalNamespace: 'nova' } as const;
const testSetting = { ...setting, profile: 'test' } as const;
const after = (args: string[], flag: string) => args.flatMap((arg, i) => (arg === flag ? [args[i + 1]] : []));

describe('Temporal', () => {
  it('keeps its state in a write-ahead-logged file, and does not wait for the disk in tests', () => {
    expect(after(temporalArguments(setting), '--db-filename')).toEqual(['/data/temporal.db']);
    expect(after(temporalArguments(setting), '--sqlite-pragma')).toEqual(['journal_mode=wal', 'synchronous=normal']);
    expect(after(temporalArguments(testSetting), '--db-filename')).toEqual(['/data/temporal.db']);
    expect(after(temporalArguments(testSetting), '--sqlite-pragma')).toContain('synchronous=off');
  });

  it('lifts the poll limits that make every hop wait', () => {
    const config = after(temporalArguments(setting), '--dynamic-config-value');
    expect(config).toEqual(
      expect.arrayContaining([
        'history.transferProcessorMaxPollRPS=1000',
        'history.timerProcessorMaxPollRPS=1000',
        'history.visibilityProcessorMaxPollRPS=1000',
      ]),
    );
  });

  it('lets timers fire sooner than a second for tests only', () => {
    const sooner = 'history.timerProcessorMaxTimeShift="10ms"';
    expect(after(temporalArguments(testSetting), '--dynamic-config-value')).toContain(sooner);
    expect(after(temporalArguments(setting), '--dynamic-config-value')).not.toContain(sooner);
  });

  it('registers every search attribute of the contracts', () => {
    const registered = after(temporalArguments(setting), '--search-attribute').map((each) => each?.split('=')[0]);
    expect(registered).toEqual(Object.keys(searchAttributes));
  });

  it('listens on loopback, on the ports it was given', () => {
    const args = temporalArguments(setting);
    expect(after(args, '--ip')).toEqual(['127.0.0.1']);
    expect(['--port', '--ui-port', '--http-port', '--metrics-port'].flatMap((flag) => after(args, flag))).toEqual([
      '5',
      '6',
      '7',
      '8',
    ]);
  });
});

describe('PostgreSQL', () => {
  it('gives up durability for tests only', () => {
    expect(postgresArguments(testSetting)).toContain('fsync=off');
    expect(postgresArguments(setting).join()).not.toContain('fsync');
  });

  it('listens on loopback alone, with room for many clients', () => {
    const args = postgresArguments(setting);
    expect(args).toEqual(expect.arrayContaining(['port=1', 'listen_addresses=127.0.0.1', 'max_connections=1000']));
    expect(args).toContain('unix_socket_directories=');
  });
});

describe('Redis', () => {
  it('keeps its data unless it is for tests', () => {
    expect(after(redisArguments(setting), '--appendonly')).toEqual(['yes']);
    expect(after(redisArguments(testSetting), '--appendonly')).toEqual(['no']);
  });

  it('never evicts: the feeds are data, not a cache', () => {
    expect(after(redisArguments(setting), '--maxmemory-policy')).toEqual(['noeviction']);
  });
});

describe('Kafka', () => {
  const propertiesOf = (of: typeof setting | typeof testSetting) =>
    Object.fromEntries(
      kafkaProperties(of)
        .trim()
        .split('\n')
        .map((line) => line.split(/=(.*)/s).slice(0, 2) as [string, string]),
    );
  const properties = propertiesOf(setting);

  it('is taken for dead soon where it may be killed, and late where a busy machine only makes it slow', () => {
    const sessions = [setting, testSetting].map((of) => Number(propertiesOf(of)['broker.session.timeout.ms']));
    expect(sessions).toEqual([4_000, 30_000]);
  });

  it('is its own controller, on loopback', () => {
    expect(properties).toMatchObject({
      'process.roles': 'broker,controller',
      'controller.quorum.voters': '1@127.0.0.1:4',
      'advertised.listeners': 'PLAINTEXT://127.0.0.1:3',
    });
  });

  it('makes no topic by itself', () => {
    expect(properties['auto.create.topics.enable']).toBe('false');
  });

  it('needs no second broker for its own topics', () => {
    const factors = Object.entries(properties).filter(([name]) => name.endsWith('replication.factor'));
    expect(factors.map(([, value]) => value)).toEqual(['1', '1', '1']);
  });
});
