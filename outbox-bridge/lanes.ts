/** How many heads one claim may take of each priority, critical to low, and in all. */
export interface Lanes {
  readonly perPriority: readonly [number, number, number, number];
  /** This many of every priority come before anything else, so that none starves. */
  readonly floor: number;
  readonly heads: number;
}

/** Slots of a window that only Critical rows may take. */
export const reserveOf = (window: number): number => Math.max(1, Math.floor(window / 8));

/**
 * Splits the free start slots. An eighth of the window is kept for Critical rows, so that a backlog of others in flight
 * never makes a live Critical row wait for a slot; strict priority and the floor share out the rest.
 */
export function lanesFor(window: number, inFlight: number): Lanes {
  return lanesOf(window - inFlight, window - reserveOf(window) - inFlight);
}

/** `critical`: so many heads in all; `others`: so many of every other priority. */
export function lanesOf(critical: number, others: number): Lanes {
  const [heads, rest] = [Math.max(0, critical), Math.max(0, others)];
  // One of each at least, when there is room for one of each.
  const floor = Math.max(rest > 0 && heads >= 3 ? 1 : 0, Math.floor(rest / 8));
  return { perPriority: [heads, rest, rest, rest], floor, heads };
}
