import { type Chain, type Numbers, brokenChains } from '../contracts/time-chains';
import { ConfigError } from './config';

/** @throws ConfigError when limits that must nest do not, naming both */
export function checkBudgets(process: Chain['process'], config: Numbers): void {
  const faults = brokenChains(process, config);
  if (faults.length > 0) throw new ConfigError(faults);
}
