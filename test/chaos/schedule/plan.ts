import { Random } from '../../../proof/traffic/random';
import { everyOne, type FaultKind, type PlannedFault, type Target } from '../types';
import { counts, isSeveral, withMovableClock } from '../world/counts';
import { allChoices, type Choice, choicesIn, durationOf, essentialChoicesIn, mayOverlap, restMs } from './fault-kinds';

/** A stretch in which faults begin and end, then a calm one in which recovery can be seen. */
export const stormMs = 30_000;
export const calmMs = 20_000;
const cycleMs = stormMs + calmMs;
/** Runs at least this long see every fault there is, and longer ones see each at least twice. */
const completeFromMinutes = 10;
const twiceFromMinutes = 45;
/** One moment in which all bridges are killed per this many cycles. */
const cyclesPerBlackout = 20;
const minuteMs = 60_000;
/** What goes back to an earlier moment must have one: events that it keeps, and does not know as sent yet. */
const beforeRestoreMs = 8_000;

/** One storm: when it may deal faults, and until when each target is harmed or resting, also from a storm before. */
interface Storm {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly busyUntilMs: Map<Target, number>;
  /** Which outbox is harmed next in this way. */
  readonly turns: Map<FaultKind, number>;
  /** What it has dealt. */
  readonly dealt: Choice[];
}

interface PlanOptions {
  readonly seed: number;
  readonly minutes: number;
  /** One database for everything. */
  readonly together: boolean;
  /** The faults there may be; all that the layout has without it. */
  readonly only?: readonly Choice[] | undefined;
}

/**
 * The schedule of faults of a run, in the order in which they begin: a pure function of seed, minutes and the faults asked
 * for. Faults of one target never overlap; those of different targets may. Nothing is harmed in the calm stretches.
 */
export function planSchedule({ seed, minutes, together, only }: PlanOptions): PlannedFault[] {
  const random = new Random(seed);
  const storms = stormsOf(minutes);
  const choices = only ?? choicesIn(together);
  const required = requiredIn({ minutes, together, only }, random);
  const faults: PlannedFault[] = [];
  storms.forEach((storm, cycle) => {
    if (minutes >= completeFromMinutes && !only && cycle % cyclesPerBlackout === cyclesPerBlackout / 4) {
      addTo(faults, storm, { target: 'bridge', kind: 'kill' }, random, everyOne);
    }
    mostLeftFirst(required);
    if (minutes < completeFromMinutes) restoreFirst(required);
    const share = Math.ceil(required.length / (storms.length - cycle));
    const wanted = Math.max(share, 3 + random.below(2));
    // What does not fit, since its target is not free, waits for the next storm.
    const later: Choice[] = [];
    for (let dealt = 0, missed = 0; dealt < wanted && missed <= allChoices.length;) {
      const next = required.shift();
      const choice = next ?? random.pick(choices);
      if (choice === undefined) break;
      if (addTo(faults, storm, choice, random)) {
        dealt += 1;
        continue;
      }
      missed += 1;
      if (next !== undefined) later.push(next);
    }
    required.unshift(...later);
  });
  return faults.sort((a, b) => a.atMs - b.atMs);
}

/** What a run of this length must deal. */
function requiredIn({ minutes, together, only }: Omit<PlanOptions, 'seed'>, random: Random): Choice[] {
  if (only !== undefined) return shuffled(only, random);
  if (minutes < completeFromMinutes) return shuffled(essentialChoicesIn(together), random);
  const once = shuffled(choicesIn(together), random);
  return minutes < twiceFromMinutes ? once : [...once, ...shuffled(choicesIn(together), random)];
}

/** What a restore left is found minutes later: in a short run it must have them. */
function restoreFirst(required: Choice[]): void {
  required.sort((a, b) => Number(b.kind === 'restore') - Number(a.kind === 'restore'));
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

function stormsOf(minutes: number): Storm[] {
  const endMs = minutes * minuteMs;
  const busyUntilMs = new Map<Target, number>();
  const turns = new Map<FaultKind, number>();
  const count = Math.max(1, Math.floor((endMs + calmMs) / cycleMs));
  return Array.from({ length: count }, (_, i) => ({
    fromMs: i * cycleMs,
    untilMs: Math.min(i * cycleMs + stormMs, endMs),
    ...{ busyUntilMs, turns },
    dealt: [],
  }));
}

/** Adds a fault of this choice to the storm at a time drawn at random; false when its target has no room left in it. */
function addTo(
  faults: PlannedFault[],
  { fromMs, untilMs, busyUntilMs, turns, dealt }: Storm,
  { target, kind }: Choice,
  random: Random,
  which?: number,
): boolean {
  // The whole storm, since a fault may take longer to end than planned.
  if (dealt.some((other) => other.target !== target && !mayOverlap(other, { target, kind }))) return false;
  const [least, most] = durationOf({ target, kind });
  const earliest = Math.max(busyUntilMs.get(target) ?? 0, fromMs, kind === 'restore' ? beforeRestoreMs : 0);
  const longest = Math.min(most, untilMs - earliest);
  if (longest < least) return false;
  const durationMs = random.between(least, longest);
  // In the first half of what is left, so that there may be room for another of the same target.
  const atMs = earliest + random.below(Math.floor((untilMs - earliest - durationMs) / 2) + 1);
  dealt.push({ target, kind });
  busyUntilMs.set(target, atMs + durationMs + restMs[target]);
  const index = which ?? indexFor({ target, kind }, random, turns);
  const stepMs = kind === 'clock-step' ? { stepMs: clockStep(random) } : {};
  faults.push({ atMs, target, index, kind, durationMs, ...stepMs });
  return true;
}

function indexFor({ target, kind }: Choice, random: Random, turns: Map<FaultKind, number>): number {
  if (!isSeveral(target)) return 0;
  if (target === 'outbox') {
    // One after the other, from one that is drawn: as many restores, as many outboxes.
    const index = turns.get(kind) ?? random.below(counts.outbox);
    turns.set(kind, (index + 1) % counts.outbox);
    return index;
  }
  if (kind === 'clock-step' && (target === 'bridge' || target === 'workers')) return withMovableClock[target];
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
