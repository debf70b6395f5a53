import { migrateSettings } from '../../migrations/settings';
import { bridgeSettings } from '../../outbox-bridge/settings';
import { type Settings } from '../../runtime/config';
import { workerSettings } from '../../workers/settings';
import { table } from './markdown';

/** The configuration reference: one row per variable, with the processes that read it. */
export function configurationTable(): string {
  const byVariable = new Map<string, { setting: Settings[string]; readers: string[] }>();
  for (const [reader, settings] of [
    ['bridge', bridgeSettings],
    ['workers', workerSettings],
    ['migrate', migrateSettings],
  ] as const) {
    for (const setting of Object.values(settings as Settings)) {
      const entry = byVariable.get(setting.env) ?? { setting, readers: [] };
      entry.readers.push(reader);
      byVariable.set(setting.env, entry);
    }
  }
  const rows = [...byVariable.values()].map(({ setting, readers }) => [
    `\`${setting.env}\``,
    setting.fallback === undefined ? '**required**' : setting.fallback === '' ? '(empty)' : `\`${setting.fallback}\``,
    setting.meaning,
    setting.allowed,
    readers.join(', '),
  ]);
  return table(['variable', 'default', 'meaning', 'allowed', 'read by'], rows);
}
