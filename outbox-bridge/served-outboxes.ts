import { ConfigError } from '../runtime/config';
import { type OutboxConfig, type OutboxSetting, isInState, outboxesOf } from '../runtime/outboxes';

interface Config extends OutboxConfig {
  readonly bridgeOutboxes: readonly string[];
  readonly listenUrl: string;
}

/**
 * The outboxes that this process serves: those of BRIDGE_OUTBOXES, or all. The one in the database of DATABASE_URL may have its URL
 * for nudges in OUTBOX_LISTEN_URL.
 * @throws ConfigError when BRIDGE_OUTBOXES names one that there is not
 */
export function servedOutboxes(config: Config): readonly OutboxSetting[] {
  const all = outboxesOf(config);
  const wanted = config.bridgeOutboxes;
  const unknown = wanted.filter((name) => !all.some((outbox) => outbox.name === name));
  const known = all.map(({ name }) => name).join(', ');
  if (unknown.length > 0)
    throw new ConfigError([`BRIDGE_OUTBOXES names ${unknown.join(', ')}; the outboxes are ${known} (OUTBOXES)`]);
  const served = all.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
  return served.map((outbox) => (isInState(outbox, config) ? { listenUrl: config.listenUrl, ...outbox } : outbox));
}
