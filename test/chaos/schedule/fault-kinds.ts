import { type FaultKind, type PlannedFault, type Target } from '../types';

type Range = readonly [leastMs: number, mostMs: number];

/** Every fault there is: how long it lasts, from and to, milliseconds. */
const faultKinds = {
  bridge: { kill: [500, 4_000], restart: [500, 3_000], pause: [12_000, 17_000], 'clock-step': [6_000, 12_000] },
  workers: { kill: [500, 5_000], restart: [500, 3_000], pause: [6_000, 14_000], 'clock-step': [6_000, 12_000] },
  outbox: {
    kill: [6_000, 12_000],
    restart: [6_000, 12_000],
    pause: [6_000, 12_000],
    slow: [4_000, 9_000],
    'half-open': [6_000, 12_000],
    reset: [6_000, 12_000],
    restore: [6_000, 12_000],
  },
  postgres: {
    kill: [500, 5_000],
    restart: [500, 4_000],
    slow: [4_000, 9_000],
    'half-open': [4_000, 9_000],
    reset: [200, 2_000],
  },
  pgbouncer: {
    kill: [300, 3_000],
    restart: [300, 3_000],
    slow: [4_000, 9_000],
    'half-open': [4_000, 9_000],
    reset: [200, 2_000],
  },
  redis: {
    kill: [500, 6_000],
    restart: [500, 4_000],
    pause: [4_000, 10_000],
    slow: [4_000, 9_000],
    'half-open': [4_000, 9_000],
    reset: [200, 2_000],
    wipe: [500, 3_000],
    rollback: [2_000, 8_000],
  },
  kafka: {
    kill: [500, 6_000],
    restart: [500, 5_000],
    pause: [5_000, 12_000],
    slow: [6_000, 14_000],
    leaderless: [6_000, 14_000],
    'leader-frozen': [6_000, 14_000],
  },
  temporal: {
    kill: [500, 6_000],
    restart: [500, 4_000],
    pause: [4_000, 10_000],
    slow: [4_000, 9_000],
    'half-open': [4_000, 9_000],
    reset: [200, 2_000],
    'not-found': [4_000, 12_000],
    'not-active': [4_000, 12_000],
  },
  operator: {
    terminate: [1_000, 4_000],
    cancel: [1_000, 4_000],
    reset: [100, 1_000],
    'pause-activity': [4_000, 9_000],
  },
  listeners: { kill: [500, 4_000], restart: [500, 4_000] },
  release: { 'bridge-first': [6_000, 12_000], 'workers-first': [6_000, 12_000] },
  writers: { 'hot-aggregate': [100, 500], bulk: [100, 500] },
} as const satisfies Readonly<Record<Target, Partial<Record<FaultKind, Range>>>>;

export type Choice = Pick<PlannedFault, 'target' | 'kind'>;

/** Whether a fault needs the second broker, which a run without such faults is spared. */
export const needsSecondBroker = ({ kind }: Choice): boolean => kind === 'leaderless' || kind === 'leader-frozen';

/** All pairs of target and kind. */
export const allChoices: readonly Choice[] = Object.entries(faultKinds).flatMap(([target, kinds]) =>
  Object.keys(kinds).map((kind) => ({ target: target as Target, kind: kind as FaultKind })),
);

/**
 * Those that a layout has: with one database for everything no outbox can be harmed alone, and the release before knows no
 * other layout.
 */
export function choicesIn(together: boolean): readonly Choice[] {
  return allChoices.filter(({ target }) => isIn(together, target));
}

/** What even a short run must have, as far as its layout has it. */
export function essentialChoicesIn(together: boolean): readonly Choice[] {
  return essentialChoices.filter(({ target }) => isIn(together, target));
}

const isIn = (together: boolean, target: Target): boolean => target !== (together ? 'outbox' : 'release');

const essentialChoices: readonly Choice[] = [
  { target: 'outbox', kind: 'restore' },
  { target: 'outbox', kind: 'kill' },
  { target: 'bridge', kind: 'kill' },
  { target: 'bridge', kind: 'pause' },
  { target: 'workers', kind: 'kill' },
  { target: 'postgres', kind: 'kill' },
  { target: 'temporal', kind: 'kill' },
  { target: 'redis', kind: 'kill' },
  { target: 'kafka', kind: 'restart' },
  { target: 'pgbouncer', kind: 'half-open' },
  { target: 'redis', kind: 'wipe' },
  { target: 'redis', kind: 'rollback' },
  { target: 'temporal', kind: 'not-found' },
  { target: 'writers', kind: 'hot-aggregate' },
  { target: 'operator', kind: 'terminate' },
];

/** As people write it: `kafka:slow`. */
export const nameOf = ({ target, kind }: Choice): string => `${target}:${kind}`;

/**
 * The faults that a list of names stands for, each once: `kafka:slow`, or `kafka` for all of that target.
 * @throws with the names there are, when one of them is unknown
 */
export function choicesNamed(names: readonly string[]): Choice[] {
  const found = names.flatMap((name) => {
    const matching = allChoices.filter((one) => nameOf(one) === name || one.target === name);
    if (matching.length > 0) return matching;
    const ofTarget = allChoices.filter(({ target }) => target === name.split(':')[0]);
    const known = ofTarget.length > 0 ? ofTarget.map(nameOf) : Object.keys(faultKinds);
    throw new Error(`there is no fault "${name}"; there are ${known.join(', ')}`);
  });
  return [...new Set(found)];
}

/** How long a fault of this choice lasts, from and to. */
export function durationOf({ target, kind }: Choice): Range {
  const kinds: Partial<Record<FaultKind, Range>> = faultKinds[target];
  const range = kinds[kind];
  if (range === undefined) throw new Error(`there is no fault "${kind}" of ${target}`);
  return range;
}

/**
 * After a fault its target is left alone for this long, milliseconds: a started process must be up again, or more than one
 * of its kind would be down at once.
 */
export const restMs: Readonly<Record<Target, number>> = {
  bridge: 8_000,
  workers: 10_000,
  outbox: 8_000,
  postgres: 5_000,
  pgbouncer: 5_000,
  redis: 5_000,
  kafka: 12_000,
  temporal: 6_000,
  // What they wrote is worked off before they do so again.
  writers: 25_000,
  listeners: 10_000,
  operator: 4_000,
  release: 25_000,
};

/**
 * What an hour of chaos had proved of the release before when it was made. While processes of it run, no other faults are
 * dealt: it does not know the promises that came after it.
 */
const survivedBefore: Readonly<Partial<Record<Target, readonly FaultKind[]>>> = {
  bridge: ['kill', 'restart', 'pause', 'clock-step'],
  workers: ['kill', 'restart', 'pause', 'clock-step'],
  postgres: ['kill', 'restart', 'slow', 'half-open', 'reset'],
  pgbouncer: ['kill', 'restart', 'slow', 'half-open', 'reset'],
  redis: ['kill', 'restart', 'pause', 'slow', 'half-open', 'reset'],
  kafka: ['kill', 'restart', 'pause'],
  temporal: ['kill', 'restart', 'pause', 'slow', 'half-open', 'reset'],
  listeners: ['kill', 'restart'],
};

/** Whether two faults may last at the same time. */
export function mayOverlap(one: Choice, other: Choice): boolean {
  const isSafe = ({ target, kind }: Choice): boolean => survivedBefore[target]?.includes(kind) ?? false;
  if (one.target === other.target) return false;
  return (one.target !== 'release' || isSafe(other)) && (other.target !== 'release' || isSafe(one));
}
