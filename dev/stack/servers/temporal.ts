import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { searchAttributes } from '../../../contracts/search-attributes';
import { locateTemporal } from '../fetch/temporal-cli';
import { furnishTemporal } from './temporal-namespace';
import type { LocalServer, Setting } from './server';

/** Dynamic configuration of the dev server, with the reason for each. */
export const dynamicConfig: Record<string, string> = {
  // 20 polls a second per shard by default, and the dev server has one shard: every hop would wait up to 50 ms.
  'history.transferProcessorMaxPollRPS': '1000',
  'history.timerProcessorMaxPollRPS': '1000',
  'history.visibilityProcessorMaxPollRPS': '1000',
  // One partition has no second one to look for a poller in: no 2-second tail on one start in sixty.
  'matching.numTaskqueueReadPartitions': '1',
  'matching.numTaskqueueWritePartitions': '1',
  // Priorities and fairness between keys are behind this flag on 1.29.
  'matching.enableFairness': 'true',
  'system.enableActivityEagerExecution': 'true',
  // Limits meant for many tenants, which one local namespace would run into.
  'frontend.namespaceRPS': '20000',
  'frontend.namespaceRPS.visibility': '2000',
};

/** Not of the server in Docker, which learns of new attributes by what this switches off (`docker/temporal-dynamic.yaml`). */
const devServerConfig: Record<string, string> = {
  // The dev server reads its cluster's metadata for every search attribute of every run that it lists, over the one connection that
  // SQLite has: a list of 500 runs took longer than its caller waits, went on without it, and held up all starts. The aliases of our
  // attributes are not in that cache.
  'system.forceSearchAttributesCacheRefreshOnRead': 'false',
  // The dev server has one shard, in which one operation at a time would reach the database: calls waited 1.2 s for that with 1,500 open
  // runs. And half a megabyte of events would be kept in memory, so that each late workflow task read its history again.
  'history.shardIOConcurrency': '8',
  'history.enableHostLevelEventsCache': 'true',
};

/** Only tests should count on these. */
export const testDynamicConfig: Record<string, string> = {
  // Timers and retries have a floor of one second otherwise.
  'history.timerProcessorMaxTimeShift': '"10ms"',
  // 10,000 otherwise: more than a test has time to send.
  'history.maximumSignalsPerExecution': '1600',
};

export const temporal: LocalServer = {
  name: 'temporal',
  title: 'Temporal',
  ports: ['temporal', 'temporalUi', 'temporalHttp', 'temporalMetrics'],
  stopSignal: 'SIGTERM',
  startTimeoutMs: 180_000,
  locate: locateTemporal,
  async create() {},
  // Tests begin with nothing, as they did when this was in memory.
  repair({ data, profile }) {
    if (profile === 'test') for (const file of databaseFiles(data)) rmSync(file, { force: true });
  },
  command: (setting) => ({
    file: setting.program.path,
    args: temporalArguments(setting),
    cwd: setting.data,
    env: { HOME: setting.data }, // it reads a configuration of the user's home otherwise
  }),
  furnish: furnishTemporal,
};

type ArgumentsFor = Pick<Setting, 'data' | 'ports' | 'profile' | 'temporalNamespace'>;

const databaseFile = (data: string) => join(data, 'temporal.db');
const databaseFiles = (data: string) => ['', '-wal', '-shm'].map((suffix) => `${databaseFile(data)}${suffix}`);

/**
 * `temporal server start-dev …` on a file, also for tests: SQLite's memory belongs to one connection, and a transaction that
 * is cancelled on a starved machine makes the server open another, in which there is not one table ("no such table:
 * namespaces"). Tests do without the waits for the disk.
 */
export function temporalArguments({ data, ports, profile, temporalNamespace }: ArgumentsFor): string[] {
  const file = ['--db-filename', databaseFile(data)];
  const synchronous = profile === 'test' ? 'off' : 'normal';
  const pragmas = ['--sqlite-pragma', 'journal_mode=wal', '--sqlite-pragma', `synchronous=${synchronous}`];
  const config = { ...dynamicConfig, ...devServerConfig, ...(profile === 'test' ? testDynamicConfig : {}) };
  return [
    ...['server', 'start-dev', '--ip', '127.0.0.1', '--log-level', 'error', '--log-format', 'json'],
    ...['--port', String(ports.temporal), '--ui-port', String(ports.temporalUi)],
    ...['--http-port', String(ports.temporalHttp), '--metrics-port', String(ports.temporalMetrics)],
    ...['--namespace', temporalNamespace],
    ...file,
    ...pragmas,
    ...Object.entries(config).flatMap(([key, value]) => ['--dynamic-config-value', `${key}=${value}`]),
    ...Object.entries(searchAttributes).flatMap(([name, type]) => ['--search-attribute', `${name}=${cliTypes[type]}`]),
  ];
}

const cliTypes = { KEYWORD: 'Keyword' } as const;
