import { type EffectMeter, type EffectPart, type meteredEffects } from '../activities/effect-meter';
import { type WalkPoint } from '../activities/feed/page-followers';
import { type EventRef } from '../contracts/event-ref';
import { type Activities, type ActivityName, type ResultOf } from '../workflows/activities';

interface Metered<Result> {
  readonly effect: (typeof meteredEffects)[number];
  /** Which parts are done, by the result and by where the call began. */
  readonly parts: (result: Result, from: WalkPoint | undefined) => readonly EffectPart[];
}
type Table = { readonly [Name in ActivityName]?: Metered<ResultOf<Name>> };

const first = (isDone: boolean): readonly EffectPart[] => (isDone ? ['first'] : []);
const last = (isDone: boolean): readonly EffectPart[] => (isDone ? ['last'] : []);
const whole = (): readonly EffectPart[] => ['first', 'last'];

/**
 * Activities whose end is the end of their effect. Feeds and inboxes are written page by page: they count where a page is
 * written, and so do deliveries.
 */
const table: Table = {
  retractBegin: {
    effect: 'retraction',
    // Without Redis no page was cleared: the next call begins where this one did.
    parts: ({ mode, next }) =>
      mode === 'overtaken' || next?.after === null ? [] : next === null ? whole() : ['first'],
  },
  retractPages: {
    effect: 'retraction',
    parts: ({ mode, next }, from) =>
      mode === 'overtaken' ? [] : [...first(from?.after === null), ...last(next === null)],
  },
  feedFollow: { effect: 'follow', parts: whole },
  feedRefresh: { effect: 'refresh', parts: whole },
  mediaLink: { effect: 'media', parts: whole },
  mediaClaim: { effect: 'media', parts: whole },
  identityApply: { effect: 'identity', parts: whole },
  emitEvent: { effect: 'kafka', parts: whole },
};

/** The same activities, each counted with the meter when it ends well. */
export function meteredActivities(activities: Activities, meter: EffectMeter): Activities {
  const all = activities as unknown as Record<string, (event: EventRef, ...rest: unknown[]) => Promise<unknown>>;
  const metered = Object.entries(table).map(([name, entry]) => {
    const { effect, parts } = entry as Metered<unknown>;
    const activity = all[name] as (typeof all)[string];
    return [
      name,
      async (event: EventRef, ...rest: unknown[]) => {
        const result = await activity(event, ...rest);
        meter.done(event, effect, ...parts(result, rest[0] as WalkPoint | undefined));
        return result;
      },
    ];
  });
  return { ...activities, ...(Object.fromEntries(metered) as Partial<Activities>) };
}
