import { relationFaults } from '../runtime/check-budgets';
import { ConfigError, configFrom, type Environment } from '../runtime/config';
import { nearNameText, nearNames } from '../runtime/near-names';
import { auditCommandSettings } from './audit/audit';
import { opsSettings } from './connections';

/** All that the tools read. */
const settings = { ...opsSettings, ...auditCommandSettings };

/**
 * Variables that are probably misspelt, and settings that do not fit together: one line each. Unlike a bridge or a worker, which do
 * not start then, a tool must also run where settings are wrong.
 */
export function settingWarnings(environment: Environment): string[] {
  return [...nearNames(settings, environment).map(nearNameText), ...relations(environment)];
}

function relations(environment: Environment): string[] {
  try {
    return relationFaults(configFrom(settings, environment));
  } catch (thrown) {
    // The command that reads the wrong one says so.
    if (thrown instanceof ConfigError) return [];
    throw thrown;
  }
}
