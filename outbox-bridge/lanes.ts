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
  const rest = window - reserveOf(window) - inFlight;
  return lanesOf([window - inFlight, rest, rest, rest]);
}

/** So many heads of each priority, critical to low; none may have more than one that is more urgent. */
export function lanesOf(perPriority: Lanes['perPriority']): Lanes {
  const [heads, high, normal, low] = perPriority.map((most) => Math.max(0, most)) as [number, number, number, number];
  // One of each at least, when there is room for one of each.
  const floor = Math.max(low > 0 && heads >= 3 ? 1 : 0, Math.floor(low / 8));
  return { perPriority: [heads, high, normal, low], floor, heads };
}

/** Whether rows of every priority may be claimed. */
export const hasRoomForAll = ({ perPriority }: Lanes): boolean => perPriority[3] > 0;

/** Whether rows may be claimed now of a priority of which none could be before. */
export const hasMoreRoom = (before: Lanes, now: Lanes): boolean =>
  now.perPriority.some((most, priority) => most > 0 && before.perPriority[priority] === 0);
