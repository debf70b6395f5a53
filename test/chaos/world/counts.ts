import { serviceNames } from '../../../proof/services';

/** How many there are of each kind. */
export const counts = { bridge: 3, workers: 2, listeners: 3, outbox: serviceNames.length } as const;

/** Which of them has a wall clock that can be moved. */
export const withMovableClock = { bridge: 2, workers: 1 } as const;

/** Whether there are several of this kind, so that a fault must say which. */
export function isSeveral(target: string): target is keyof typeof counts {
  return target in counts;
}
