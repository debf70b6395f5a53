/** How many processes of each kind there are. */
export const counts = { bridge: 3, workers: 2 } as const;

/** Which of them has a wall clock that can be moved. */
export const withMovableClock = { bridge: 2, workers: 1 } as const;
