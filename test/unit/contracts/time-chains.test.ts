import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { deliveryTryMs } from '../../../contracts/time-budgets';
import { chains, valuesOf } from '../../../contracts/time-chains';
import { usualNumbers } from '../../../dev/docs/time-limits';
import { bridgeSettings } from '../../../outbox-bridge/settings';
import { checkBudgets } from '../../../runtime/check-budgets';
import { type Settings, configFrom } from '../../../runtime/config';
import { workerSettings } from '../../../workers/settings';

const required = { DATABASE_URL: 'postgres://u:p@h/d' };
const workers = (environment: Record<string, string>) => configFrom(workerSettings, { ...required, ...environment });
const bridge = (environment: Record<string, string>) => configFrom(bridgeSettings, { ...required, ...environment });

it.each(chains.map((chain) => [`${chain.name} (${chain.process})`, chain] as const))(
  '%s: each limit ends before the next',
  (_, chain) => {
    const values = valuesOf(chain, usualNumbers(chain.process));
    expect(values.length).toBeGreaterThan(1);
    for (let i = 1; i < values.length; i++) expect(values[i]).toBeGreaterThan(values[i - 1]!);
  },
);

it('names each setting as the process reads it', () => {
  const named = chains.flatMap(({ process, limits }) => {
    const settings: Settings = process === 'bridge' ? bridgeSettings : workerSettings;
    return limits.flatMap(({ setting }) =>
      setting === undefined ? [] : [{ setting, read: settings[setting.key]?.env }],
    );
  });
  expect(named.map(({ read }) => read)).toEqual(named.map(({ setting }) => setting.env));
});

it('accepts what is usual', () => {
  expect(() => checkBudgets('workers', workers({}))).not.toThrow();
  expect(() => checkBudgets('bridge', bridge({}))).not.toThrow();
});

it('refuses a request to Kafka that may take longer than a flush', () => {
  expect(() => checkBudgets('workers', workers({ KAFKA_SEND_TIMEOUT_MS: '12000' }))).toThrow(
    'configuration: Emit to Kafka: one request to Kafka (KAFKA_SEND_TIMEOUT_MS=12000, 12000 ms) must be less than sending of one flush (fixed, 10000 ms), or what Kafka acknowledged is never marked, and is sent again without end',
  );
});

it('names both settings when two of them are out of order', () => {
  const config = bridge({ OUTBOX_PARTITION_DAYS_AHEAD: '5', OUTBOX_PARTITION_ALARM_DAYS: '9' });
  expect(() => checkBudgets('bridge', config)).toThrow(/OUTBOX_PARTITION_ALARM_DAYS=9.*OUTBOX_PARTITION_DAYS_AHEAD=5/);
});

it.each([1_000, 12_000, 60_000, 3_600_000])('one try of a delivery is over before a claim of %d ms is', (leaseMs) => {
  expect(deliveryTryMs(leaseMs)).toBeLessThan(leaseMs);
});

it('is where every workflow takes its timeouts from', () => {
  const folder = join(__dirname, '../../../workflows');
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.ts')))
    for (const [, value] of readFileSync(join(folder, file), 'utf8').matchAll(/\b\w*Timeout: ([^,}\s]+)/g))
      expect(`${file}: ${value}`).toMatch(/: (limits|options)\./);
});
