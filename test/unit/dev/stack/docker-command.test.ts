import {
  composeEnvironment,
  dockerPorts,
  downArguments,
  logsArguments,
  modeOf,
  projectOf,
  upArguments,
} from '../../../../dev/stack/docker/compose';

it('gives every stack a Compose project of its own', () => {
  expect(projectOf('dev', '/a')).toMatch(/^nova-dev-[0-9a-f]{8}$/);
  expect(new Set([projectOf('dev', '/a'), projectOf('test', '/a'), projectOf('dev', '/b')]).size).toBe(3);
});

it('starts only the services of the servers that are wanted', () => {
  const args = upArguments('dev', ['redis', 'temporal']);
  expect(args.slice(0, 3)).toEqual(['compose', '--project-name', projectOf('dev')]);
  expect(args.slice(args.indexOf('up'))).toEqual(['up', '--detach', 'redis', 'temporal', 'temporal-ui']);
});

it('removes the volumes only when wiping', () => {
  expect(downArguments('dev', true).slice(-2)).toEqual(['down', '--volumes']);
  expect(downArguments('dev', false).at(-1)).toBe('down');
});

it('follows the logs of one server', () => {
  const args = logsArguments('dev', 'temporal', { lines: 5, follow: true });
  expect(args.slice(args.indexOf('logs'))).toEqual([
    'logs',
    '--tail',
    '5',
    '--no-log-prefix',
    '--follow',
    'temporal',
    'temporal-ui',
  ]);
});

it('chooses the ports of the servers that it starts', () => {
  expect(dockerPorts(['temporal'])).toEqual(['temporal', 'temporalUi']);
  expect(dockerPorts(['postgres', 'kafka'])).toEqual(['postgres', 'kafka']);
});

it('hands the chosen ports, the namespace and the profile to the compose file', () => {
  const ports = { redis: 1, temporal: 2, temporalUi: 3, postgres: 4, kafkaController: 5 };
  expect(composeEnvironment(['redis', 'temporal'], { ports, profile: 'test' }, 'staging')).toEqual({
    REDIS_PORT: '1',
    TEMPORAL_PORT: '2',
    TEMPORAL_UI_PORT: '3',
    // Not in Docker: its port is another server's, and Temporal may bring the container along.
    POSTGRES_PORT: '0',
    KAFKA_PORT: '0',
    TEMPORAL_NAMESPACE: 'staging',
    TEMPORAL_DYNAMIC_CONFIG: 'temporal-dynamic-test.yaml',
  });
});

it('reads how to run the stack from NOVA_STACK', () => {
  expect([modeOf({}), modeOf({ NOVA_STACK: '' }), modeOf({ NOVA_STACK: 'local' })]).toEqual(['auto', 'auto', 'local']);
  expect(modeOf({ NOVA_STACK: 'podman' })).toBeNull();
});
