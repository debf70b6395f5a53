import { type Chain, type Numbers, brokenChains, chains, faultsOf } from '../contracts/time-chains';
import { ConfigError, type ConfigOf, type Settings } from './config';

/** @throws ConfigError when limits that must nest do not, naming both */
export function checkBudgets(process: Chain['process'], config: Numbers): void {
  const faults = brokenChains(process, config);
  if (faults.length > 0) throw new ConfigError(faults);
}

/** What of a process that is neither bridge nor workers breaks a chain, as far as it reads the settings of the chain. */
export function relationFaults(config: Numbers): string[] {
  return chains
    .filter(({ limits }) => limits.every(({ setting }) => setting === undefined || setting.key in config))
    .flatMap((chain) => faultsOf(chain, config));
}

/** @throws ConfigError when a setting is greater than one that it must not exceed, naming both */
export function checkAtMost<S extends Settings>(
  settings: S,
  config: ConfigOf<S>,
  pairs: readonly (readonly [less: keyof S, more: keyof S])[],
): void {
  const faults = pairs
    .filter(([less, more]) => Number(config[less]) > Number(config[more]))
    .map(([less, more]) => {
      const [one, other] = [settings[less]?.env, settings[more]?.env];
      return `${one}=${String(config[less])} must not be greater than ${other}=${String(config[more])}`;
    });
  if (faults.length > 0) throw new ConfigError(faults);
}
