import { groupBy } from '../../../runtime/group-by';
import { type Evidence, type Handling } from './evidence';

type Heard = Pick<Evidence, 'truth' | 'handlings'>;

/**
 * Every subscriber handled every event to its end, the events of each key in their order, and never two of one key at
 * once, however slow its handler was.
 */
export function subscribersKept({ truth, handlings }: Heard): string[] {
  return [...groupBy(handlings, ({ listener }) => listener)].flatMap(([listener, own]) => [
    ...neverEnded(listener, truth.events, own),
    ...[...groupBy(own, ({ topic, key }) => `${topic} ${key}`).values()].flatMap(wrongInOneKey),
  ]);
}

function neverEnded(listener: string, events: Heard['truth']['events'], own: readonly Handling[]): string[] {
  const ended = new Set(own.flatMap(({ eventId, endedAtMs }) => (endedAtMs === null ? [] : [eventId])));
  return events.filter(({ id }) => !ended.has(id)).map(({ id }) => `${listener} never handled event ${id} to its end`);
}

/** First handlings decide the order: a repetition after a crash, or after Redis was lost, is no disorder. */
function wrongInOneKey(handlings: readonly Handling[]): string[] {
  const inOrder = [...handlings].sort((a, b) => a.n - b.n);
  const seen = new Set<string>();
  const offenders: string[] = [];
  let latest: Handling | undefined;
  let previous: Handling | undefined;
  for (const one of inOrder) {
    const { listener, key, eventId } = one;
    if (previous?.endedAtMs != null && previous.endedAtMs > one.beganAtMs)
      offenders.push(`${listener} began event ${eventId} of ${key} while ${previous.eventId} was still handled`);
    if (!seen.has(eventId)) {
      if (latest !== undefined && latest.sequence > one.sequence)
        offenders.push(`${listener} handled event ${eventId} of ${key} after the later ${latest.eventId}`);
      latest = one;
    }
    seen.add(eventId);
    previous = one;
  }
  return offenders;
}
