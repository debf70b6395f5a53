import { locateRedis } from '../fetch/redis-binary';
import { libraryPath, type LocalServer, type Setting } from './server';

export const redis: LocalServer = {
  name: 'redis',
  title: 'Redis',
  ports: ['redis'],
  stopSignal: 'SIGTERM',
  startTimeoutMs: 180_000,
  locate: locateRedis,
  async create() {},
  command: (setting) => ({
    file: setting.program.path,
    args: redisArguments(setting),
    cwd: setting.data,
    env: libraryPath(setting.program),
  }),
};

export function redisArguments({ data, ports, profile }: Pick<Setting, 'data' | 'ports' | 'profile'>): string[] {
  const keep = profile === 'durable' ? 'yes' : 'no';
  const settings: Record<string, string> = {
    port: String(ports.redis),
    bind: '127.0.0.1',
    dir: data,
    daemonize: 'no',
    appendonly: keep,
    save: '', // no snapshots beside the append-only file
    'aof-load-truncated': 'yes', // a killed server may have left half a command at the end
    'maxmemory-policy': 'noeviction',
  };
  return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
}
