import { type EventType } from '../../../../contracts/catalogue';
import { type TrueEvent, type Truth } from '../../../../proof/checks/truth';

/** A readable id that is as long as a real one: `id('a')` → `a0000000-0000-4000-8000-000000000000`. */
export const id = (name: string): string => name + '00000000-0000-4000-8000-000000000000'.slice(name.length);

let sequence = 0;

/** An event that happened after all events made before it. */
export function event(type: EventType, payload: Record<string, unknown>, change: Partial<TrueEvent> = {}): TrueEvent {
  sequence += 1;
  return {
    id: `${String(sequence).padStart(8, '0')}-0000-7000-8000-000000000000`,
    type,
    aggregateId: id('f'),
    sequence,
    priority: 2,
    createdAtMs: 1_000 * sequence,
    committedAtMs: 1_000 * sequence,
    payload,
    ...change,
  };
}

/** What a message about an event says: fields that the writer left out have their default. */
export const bodyOf = ({ type, payload }: TrueEvent): string => JSON.stringify({ ...defaults[type], ...payload });
const defaults: Partial<Record<EventType, object>> = {
  'content.post.created': { caption: '', media_type: 'none', status: 'published' },
  'identity.user.deleted': { soft_delete: false },
};

/** A truth in which nothing happened but what is given. */
export function truthOf(given: Partial<Truth> = {}): Truth {
  return {
    events: [],
    rolledBack: new Set(),
    posts: new Map(),
    messages: new Map(),
    comments: new Map(),
    gone: new Map(),
    followers: new Map(),
    endedFollows: new Set(),
    pullThreshold: 100,
    feedCap: 800,
    preferences: new Map(),
    ...given,
  };
}
