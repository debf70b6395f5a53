import { type EventRef } from '../contracts/event-ref';

/** What is measured from the commit of an event to its end. Channels outside the app are effects of their own, by their name. */
export const meteredEffects = [
  'feed',
  'retraction',
  'follow',
  'refresh',
  'media',
  'inbox',
  'identity',
  'kafka',
] as const;

/**
 * `first`: it is seen by someone now (a small effect is done with it); `last`: nothing of it is left to be done. They differ where
 * an effect is done page by page.
 */
export type EffectPart = 'first' | 'last';

/**
 * Counts what effects do, where they do it.
 *
 * A port: workers make metrics of it; what is called without one counts nothing.
 */
export interface EffectMeter {
  done(event: Pick<EventRef, 'createdAtMs' | 'priority'>, effect: string, ...parts: readonly EffectPart[]): void;
  /** Deliveries that came to this state. `pending`: they were tried, and surely not sent. */
  deliveries(channel: string, state: string, reason: string | null, count: number): void;
  /** Feeds that were written. */
  feeds(change: 'added' | 'taken_out', count: number): void;
}

/** `first` once, however often it is asked for. */
export function firstOnce(
  meter: EffectMeter | undefined,
  event: EventRef,
  effect: string,
  isFirst: boolean,
): () => void {
  let due = isFirst;
  return () => {
    if (due) meter?.done(event, effect, 'first');
    due = false;
  };
}
