/** Priority levels: the number is stored on the outbox row and orders the claim, lower first. */
export const priorities = { critical: 0, high: 1, normal: 2, low: 3 } as const;

export type PriorityName = keyof typeof priorities;
export type Priority = (typeof priorities)[PriorityName];

export const priorityNames = Object.keys(priorities) as PriorityName[];

/** Commit-to-first-effect budgets in milliseconds at p99. */
export const latencyBudgetMs: Record<PriorityName, number> = { critical: 100, high: 1_000, normal: 5_000, low: 60_000 };

/** `0` → `critical`; throws on a number that is no level, since a silent default would hide a writer's mistake. */
export function priorityName(priority: number): PriorityName {
  const name = priorityNames[priority];
  if (name === undefined) throw new RangeError(`priority ${priority} is not one of 0 (critical) to 3 (low)`);
  return name;
}

/** Temporal's priorityKey of replays: below that of every event. */
export const replayPriorityKey = 5;

/** Temporal's priorityKey runs from 1 (first) to 5 (last), which is that of replays. */
export function temporalPriorityKey(priority: Priority): number {
  return priority + 1;
}
