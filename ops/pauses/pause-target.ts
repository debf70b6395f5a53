import { type EventType, catalogue, definitionOf } from '../../contracts/catalogue';
import { didYouMean } from '../../contracts/near-words';
import { type ExternalChannel, sentCounts } from '../../contracts/notification-kinds';
import { queueNames } from '../../contracts/workflow-types';
import { typesOnQueue } from '../../outbox-bridge/pauses';
import { everyType } from '../../outbox/pauses.sql';

const externalChannels = Object.keys(sentCounts) as ExternalChannel[];

/** What is held back, or goes on: event types of outboxes, or a channel of deliveries. */
export type PauseTarget =
  | { readonly kind: 'types'; readonly types: readonly (EventType | typeof everyType)[] }
  | { readonly kind: 'channel'; readonly channel: ExternalChannel };

/**
 * `all`, `queue:feed`, `channel:email` or an event type in any spelling.
 * @throws Error with the nearest that there is
 */
export function pauseTarget(text: string): PauseTarget {
  if (text === 'all') return { kind: 'types', types: [everyType] };
  const [, prefix, name = ''] = /^(queue|channel):(.*)$/.exec(text) ?? [];
  if (prefix === 'queue') return { kind: 'types', types: typesOnQueue(oneOf(queueNames, name, 'queue')) };
  if (prefix === 'channel') return { kind: 'channel', channel: oneOf(externalChannels, name, 'channel') };
  const type = definitionOf(text)?.type;
  if (type !== undefined) return { kind: 'types', types: [type] };
  const types = catalogue.map((one) => one.type);
  throw new Error(`${text} is no event type, queue:<name>, channel:<name> or all${didYouMean(text, types)}`);
}

function oneOf<T extends string>(all: readonly T[], name: string, what: string): T {
  const found = all.find((one) => one === name);
  if (found !== undefined) return found;
  throw new Error(`no ${what} ${name}; there are ${all.join(', ')}`);
}
