import { type Lanes, lanesOf, reserveOf } from './lanes';

/** Series of one outbox, by the priority of their heads, critical to low. */
export interface Line {
  /** With a start under way. */
  readonly running: readonly number[];
  /** Of these, those that got their slot by turn. */
  readonly byTurn: number;
  /** Claimed, and without a slot. */
  readonly waiting: readonly number[];
  /** When it last got a slot, as a count of all that were given. */
  readonly lastTurn: number;
}

export interface Grant {
  readonly outbox: string;
  readonly priority: number;
  readonly byTurn: boolean;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0);
const over = <L>(lines: Iterable<L>, figure: (line: L) => number): number => sum([...lines].map(figure));
const wants = (line: Line): boolean => sum(line.running) + sum(line.waiting) > 0;

/**
 * Who gets the next free slot of the window that all outboxes share; undefined: none may have it.
 *
 * - An eighth is for Critical rows alone, of whatever outbox: no backlog makes a live Critical row wait for a slot.
 * - Half goes by turn: an outbox that has less than its equal part of this half comes first, whatever the priority of its
 *   rows. So no backlog, not even of Critical rows, takes all slots from another outbox.
 * - The other half goes by priority over all outboxes; within a priority to the one with fewest starts under way.
 * - What one outbox does not want, the others have.
 */
export function nextGrant(window: number, lines: ReadonlyMap<string, Line>): Grant | undefined {
  const running = over(lines.values(), (line) => sum(line.running));
  if (running >= window) return undefined;
  const critical = over(lines.values(), (line) => line.running[0] ?? 0);
  // Critical rows fill what is theirs first: a flood of them must not keep all others out.
  const reserve = reserveOf(window);
  const least = running - Math.min(critical, reserve) < window - reserve ? 3 : 0;
  const wanting = over(lines.values(), (line) => (wants(line) ? 1 : 0));
  const part = Math.max(1, Math.floor(window / 2 / wanting));
  const mayTurn = over(lines.values(), (line) => line.byTurn) < window / 2;
  let best: (Grant & { readonly rank: readonly number[] }) | undefined;
  for (const [outbox, line] of lines) {
    const priority = line.waiting.findIndex((count) => count > 0);
    if (priority < 0 || priority > least) continue;
    const has = sum(line.running);
    const byTurn = mayTurn && has < part;
    const rank = byTurn ? [0, line.lastTurn] : [1, priority, has, line.lastTurn];
    if (best === undefined || isLess(rank, best.rank)) best = { outbox, priority, byTurn, rank };
  }
  return best && { outbox: best.outbox, priority: best.priority, byTurn: best.byTurn };
}

/**
 * What an outbox may claim now. Alone it may claim what is free. Beside others that want slots it may always claim up to its equal
 * part, and what it claims too much waits for a slot for some milliseconds: a claim must not wait for other outboxes,
 * and slots must not be kept for a claim that may hang. Of rows that are more urgent than what others have, it may claim more, since
 * the half of the window that goes by priority is theirs.
 */
export function offerTo(window: number, lines: ReadonlyMap<string, Line>, outbox: string): Lanes {
  const others = [...lines].filter(([name, line]) => name !== outbox && wants(line)).map(([, line]) => line);
  const own = lines.get(outbox) ?? noLine;
  const all = [...others, own];
  const running = over(all, (line) => sum(line.running));
  const free = window - running - over(all, (line) => sum(line.waiting));
  const reserve = reserveOf(window);
  const part = (of: number): number => Math.max(1, Math.floor(of / (others.length + 1))) - inHand(own, 3);
  const critical = over(all, (line) => inHand(line, 0));
  const heads = Math.max(free, part(window), Math.min(reserve - critical, window - running));
  // Beside others, Critical rows count as in their own slots first; alone, as in any.
  const [allOwn, ownOwn] = others.length === 0 ? [0, 0] : [critical, inHand(own, 0)];
  const rest = Math.max(free - reserve + Math.min(allOwn, reserve), part(window - reserve) + Math.min(ownOwn, reserve));
  const urgent = (priority: number): number => {
    const rivals = others.filter((line) => inHand(line, priority) > 0).length;
    if (rivals === others.length) return 0;
    return Math.floor(window / 2 / (rivals + 1)) - upTo(priority, own.waiting);
  };
  const equal = Math.min(heads, rest);
  return lanesOf([Math.max(heads, urgent(0)), Math.max(equal, urgent(1)), Math.max(equal, urgent(2)), equal]);
}

const noLine: Pick<Line, 'running' | 'waiting'> = { running: [], waiting: [] };

/** Of this priority and the more urgent ones. */
const upTo = (priority: number, counts: readonly number[]): number => sum(counts.slice(0, priority + 1));
const inHand = ({ running, waiting }: typeof noLine, priority: number): number =>
  upTo(priority, running) + upTo(priority, waiting);

function isLess(one: readonly number[], other: readonly number[]): boolean {
  const at = one.findIndex((n, i) => n !== other[i]);
  return at >= 0 && (one[at] ?? 0) < (other[at] ?? 0);
}
