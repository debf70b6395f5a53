/** How many heads one claim may take of each priority, critical to low, and in all. */
export interface Lanes {
  readonly perPriority: readonly [number, number, number, number];
  /** This many of every priority come before anything else, so that none starves. */
  readonly floor: number;
  readonly heads: number;
}

/**
 * Splits the free start slots. An eighth of the window is kept for Critical rows, so that a backlog of others in flight
 * never makes a live Critical row wait for a slot; strict priority and the floor share out the rest.
 */
export function lanesFor(window: number, inFlight: number): Lanes {
  const reserve = Math.max(1, Math.floor(window / 8));
  const free = Math.max(0, window - inFlight);
  const others = Math.max(0, window - reserve - inFlight);
  // One of each at least, when there is room for one of each.
  const floor = Math.max(others > 0 && free >= 3 ? 1 : 0, Math.floor(others / 8));
  return { perPriority: [free, others, others, others], floor, heads: free };
}
