/** How many processes of each kind there are. */
export const counts = { bridge: 3, workers: 2, listeners: 3 } as const;

/** Which of them has a wall clock that can be moved. */
export const withMovableClock = { bridge: 2, workers: 1 } as const;

/** Whether there are several processes of this kind, so that a fault must say which. */
export function isSeveral(target: string): target is keyof typeof counts {
  return target in counts;
}
