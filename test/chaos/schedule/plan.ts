import { Random } from '../../../dev/demo/random';
import { everyOne, type PlannedFault, type Target } from '../types';
import { counts, isSeveral, withMovableClock } from '../world/counts';
import { allChoices, type Choice, durationOf, essentialChoices, restMs } from './fault-kinds';

/** A stretch in which faults begin and end, then a calm one in which recovery can be seen. */
export const stormMs = 30_000;
export const calmMs = 20_000;
const cycleMs = stormMs + calmMs;
/** Runs at least this long see every fault there is. */
const completeFromMinutes = 10;
/** One moment in which all bridges are killed per this many cycles. */
const cyclesPerBlackout = 20;
const minuteMs = 60_000;

/** One storm: when it may deal faults, and until when each target is harmed or resting. */
interface Storm {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly busyUntilMs: Map<Target, number>;
}

/**
 * The schedule of faults of a run, in the order in which they begin: a pure function of seed and minutes. Faults of one
 * target never overlap; those of different targets may. Nothing is harmed in the calm stretches.
 */
export function planSchedule({ seed, minutes }: { seed: number; minutes: number }): PlannedFault[] {
  const random = new Random(seed);
  const storms = stormsOf(minutes);
  const required = shuffled(minutes >= completeFromMinutes ? allChoices : essentialChoices, random);
  const faults: PlannedFault[] = [];
  storms.forEach((storm, cycle) => {
    if (minutes >= completeFromMinutes && cycle % cyclesPerBlackout === cyclesPerBlackout / 4) {
      addTo(faults, storm, { target: 'bridge', kind: 'kill' }, random, everyOne);
    }
    mostLeftFirst(required);
    const share = Math.ceil(required.length / (storms.length - cycle));
    const wanted = Math.max(share, 3 + random.below(2));
    // What does not fit, since its target is not free, waits for the next storm.
    const later: Choice[] = [];
    for (let dealt = 0; dealt < wanted;) {
      const choice = required.shift() ?? random.pick(allChoices);
      if (choice === undefined) break;
      if (addTo(faults, storm, choice, random)) dealt += 1;
      else if (later.push(choice) > allChoices.length) break;
    }
    required.unshift(...later.filter((choice) => isRequired(choice, faults)));
  });
  return faults.sort((a, b) => a.atMs - b.atMs);
}

/** A target with many faults still to come needs many storms: its turn comes early. Otherwise the order stays. */
function mostLeftFirst(required: Choice[]): void {
  const left = (target: Target): number =>
    required.filter((one) => one.target === target).length * (restMs[target] + meanMs(target));
  const needs = new Map(required.map(({ target }) => [target, left(target)]));
  required.sort((a, b) => (needs.get(b.target) ?? 0) - (needs.get(a.target) ?? 0));
}

function meanMs(target: Target): number {
  const lengths = allChoices.filter((one) => one.target === target).map((one) => durationOf(one)[1]);
  return lengths.reduce((sum, length) => sum + length, 0) / lengths.length;
}

/** Whether the choice has not been dealt yet. */
function isRequired({ target, kind }: Choice, faults: readonly PlannedFault[]): boolean {
  return !faults.some((fault) => fault.target === target && fault.kind === kind);
}

function stormsOf(minutes: number): Storm[] {
  const endMs = minutes * minuteMs;
  const count = Math.max(1, Math.floor((endMs + calmMs) / cycleMs));
  return Array.from({ length: count }, (_, i) => ({
    fromMs: i * cycleMs,
    untilMs: Math.min(i * cycleMs + stormMs, endMs),
    busyUntilMs: new Map(),
  }));
}

/** Adds a fault of this choice to the storm at a time drawn at random; false when its target has no room left in it. */
function addTo(
  faults: PlannedFault[],
  { fromMs, untilMs, busyUntilMs }: Storm,
  { target, kind }: Choice,
  random: Random,
  which?: number,
): boolean {
  const [least, most] = durationOf({ target, kind });
  const earliest = busyUntilMs.get(target) ?? fromMs;
  const longest = Math.min(most, untilMs - earliest);
  if (longest < least) return false;
  const durationMs = random.between(least, longest);
  // In the first half of what is left, so that there may be room for another of the same target.
  const atMs = earliest + random.below(Math.floor((untilMs - earliest - durationMs) / 2) + 1);
  busyUntilMs.set(target, atMs + durationMs + restMs[target]);
  const index = which ?? indexFor({ target, kind }, random);
  const stepMs = kind === 'clock-step' ? { stepMs: clockStep(random) } : {};
  faults.push({ atMs, target, index, kind, durationMs, ...stepMs });
  return true;
}

function indexFor({ target, kind }: Choice, random: Random): number {
  if (!isSeveral(target)) return 0;
  if (kind === 'clock-step' && target !== 'listeners') return withMovableClock[target];
  return random.below(counts[target]);
}

/** From two minutes to two hours, either way. */
function clockStep(random: Random): number {
  const size = random.between(2 * minuteMs, 120 * minuteMs);
  return random.chance(0.5) ? size : -size;
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  return items
    .map((item) => ({ item, order: random.next() }))
    .sort((a, b) => a.order - b.order)
    .map(({ item }) => item);
}
