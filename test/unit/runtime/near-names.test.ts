import { migrateSettings } from '../../../migrations/settings';
import { opsSettings } from '../../../ops/connections';
import { bridgeSettings } from '../../../outbox-bridge/settings';
import { type Settings } from '../../../runtime/config';
import { nearNames, warnOfNearNames } from '../../../runtime/near-names';
import { workerSettings } from '../../../workers/settings';
import { silentLogger } from '../../support/logger';

const tables: Record<string, Settings> = {
  bridge: bridgeSettings,
  workers: workerSettings,
  migrate: migrateSettings,
  ops: opsSettings,
};

it.each([
  ['KAFKA_BROKER', 'KAFKA_BROKERS', workerSettings],
  ['OUTBOX_MAX_RETRY', 'OUTBOX_MAX_RETRIES', bridgeSettings],
  ['OUTBOX_POL_MAX_MS', 'OUTBOX_POLL_MAX_MS', bridgeSettings],
  ['OUTBOX_POLL_MXA_MS', 'OUTBOX_POLL_MAX_MS', bridgeSettings],
  ['DATABASE_ULR', 'DATABASE_URL', bridgeSettings],
  ['DATABSE_URL', 'DATABASE_URL', bridgeSettings],
  ['DATABASEURL', 'DATABASE_URL', bridgeSettings],
  ['DATABASE_URL_FIL', 'DATABASE_URL_FILE', bridgeSettings],
  ['TEMPORAL_ADRESS', 'TEMPORAL_ADDRESS', bridgeSettings],
])('%s is probably %s', (given, meant, settings) => {
  const environment = /^DATAB/.test(given) ? { DATABASE_URL: '' } : { DATABASE_URL: 'set' };
  expect(nearNames(settings, { ...environment, [given]: 'x' })).toEqual([{ given, meant }]);
});

it('says nothing of names that are far from ours, nor of a name beside the right one', () => {
  const others = { PATH: '', HOME: '', REDIS_PORT: '', KAFKA_PORT: '', POSTGRES_PORT: '', TEMPORAL_PORT: '' };
  for (const settings of Object.values(tables)) expect(nearNames(settings, others)).toEqual([]);
  expect(nearNames(workerSettings, { KAFKA_BROKERS: 'a:1', KAFKA_BROKER: 'a:1' })).toEqual([]);
  // Not OUTBOX_POLL_MIN_MS either, which is further away.
  expect(nearNames(bridgeSettings, { OUTBOX_POLL_MAX_MS: '9', OUTBOX_POL_MAX_MS: '9' })).toEqual([]);
});

it('takes no setting of one process for a misspelt one of another', () => {
  const all = Object.values(tables).flatMap((settings) => Object.values(settings).map(({ env }) => env));
  const wrong = Object.entries(tables).flatMap(([name, settings]) =>
    all.flatMap((variable) =>
      nearNames(settings, { [variable]: '' }).map(({ meant }) => `${name}: ${variable} for ${meant}`),
    ),
  );
  expect(wrong).toEqual([]);
});

it('warns with both names', () => {
  const warn = jest.spyOn(silentLogger, 'warn');
  warnOfNearNames(workerSettings, { KAFKA_BROKER: 'a:1' }, silentLogger);
  expect(warn.mock.calls.map(([, text]: unknown[]) => text)).toEqual([
    'KAFKA_BROKER is no setting and has no effect; did you mean KAFKA_BROKERS?',
  ]);
});
