import './say-starting';
import { checkAtMost, checkBudgets } from '../runtime/check-budgets';
import { ConfigError, configFrom } from '../runtime/config';
import { oneLine } from '../runtime/errors';
import { runProcess } from '../runtime/lifecycle';
import { createLogger } from '../runtime/logger';
import { warnOfNearNames } from '../runtime/near-names';
import { composeBridge } from './compose';
import { bridgeSettings } from './settings';

/** `npm run bridge`: one replica of the outbox bridge; run as many as you like. */
async function main(): Promise<number> {
  const config = configFrom(bridgeSettings, process.env);
  checkBudgets('bridge', config);
  checkAtMost(bridgeSettings, config, [
    ['pollMinMs', 'pollMaxMs'],
    ['partitionAlarmDays', 'partitionDaysAhead'],
  ]);
  const logger = createLogger('outbox-bridge', config.logLevel);
  warnOfNearNames(bridgeSettings, process.env, logger);
  const { services } = composeBridge(config, logger);
  return runProcess(services, logger);
}

main().then(
  // Not left to the last open handle: the socket of a server that hangs may stay.
  (code) => process.exit(code),
  (thrown: unknown) => {
    console.error(thrown instanceof ConfigError ? thrown.message : `outbox-bridge: ${oneLine(thrown, 2_000)}`);
    process.exitCode = 1;
  },
);
