import fc from 'fast-check';
import { lanesFor, reserveOf } from '../../../outbox-bridge/lanes';
import { type OutboxSlots, StartSlots } from '../../../outbox-bridge/start-slots';

/** Series that want slots, as the loops of some outboxes bring them; what got a slot keeps it until it is ended. */
class World {
  limit: number;
  readonly running: { outbox: number; priority: number; release: () => void }[] = [];
  readonly waiting: { outbox: number; priority: number }[] = [];
  /** In the order of the grants. */
  readonly granted: { outbox: number; priority: number; beside: number; mayBe: number }[] = [];
  private readonly outboxes: OutboxSlots[];

  constructor(window: number, outboxes: number) {
    this.limit = window;
    const slots = new StartSlots({
      get limit(): number {
        return world.limit;
      },
    });
    // eslint-disable-next-line @typescript-eslint/no-this-alias -- the window is read through it
    const world = this;
    this.outboxes = Array.from({ length: outboxes }, (_, i) => slots.of(`outbox-${i}`));
  }

  async want(outbox: number, priority: number): Promise<void> {
    const series = { outbox, priority };
    this.waiting.push(series);
    void this.outboxes[outbox]?.take(priority).then((release) => {
      this.waiting.splice(this.waiting.indexOf(series), 1);
      this.granted.push({ ...series, beside: this.running.length, mayBe: this.mostBeside(priority) });
      this.running.push({ ...series, release });
    });
    await settled();
  }

  async end(i: number): Promise<void> {
    const [ended] = this.running.splice(i % this.running.length, 1);
    ended?.release();
    await settled();
  }

  /** So many may run beside a new one: Critical rows use the slots first that are theirs alone. */
  mostBeside(priority: number): number {
    if (priority === 0) return this.limit - 1;
    const critical = this.running.filter((series) => series.priority === 0).length;
    const reserve = reserveOf(this.limit);
    return this.limit - 1 - reserve + Math.min(critical, reserve);
  }

  heldBy(outbox: number): number {
    return this.running.filter((series) => series.outbox === outbox).length;
  }

  offer(outbox: number) {
    return this.outboxes[outbox]?.offer();
  }
}

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));
const windows = fc.integer({ min: 4, max: 64 });

/**
 * Each outbox always wants more, of its priority; slots end in any order. `asOffered`: it wants what it may claim. Returns how many each
 * held in the mean.
 */
async function endless(window: number, priorities: readonly number[], ends: readonly number[], asOffered = false) {
  const world = new World(window, priorities.length);
  const wantsMore = (outbox: number, priority: number): boolean =>
    asOffered
      ? (world.offer(outbox)?.perPriority[priority as 0] ?? 0) > 0
      : world.waiting.filter((series) => series.outbox === outbox).length < 3;
  const feed = async (): Promise<void> => {
    for (const [outbox, priority] of priorities.entries())
      while (wantsMore(outbox, priority)) await world.want(outbox, priority);
  };
  await feed();
  const held = priorities.map(() => 0);
  for (const end of ends) {
    await world.end(end);
    await feed();
    priorities.forEach((_, outbox) => (held[outbox] = (held[outbox] ?? 0) + world.heldBy(outbox) / ends.length));
  }
  return { world, held };
}

const manyEnds = (count: number) => Array.from({ length: count }, (_, i) => i * 7_919);

describe('slots that several outboxes share', () => {
  it('are never more than the window, keep an eighth for Critical, and none is idle that a series may have', async () => {
    const steps = fc.array(
      fc.oneof(
        { weight: 3, arbitrary: fc.record({ outbox: fc.nat(5), priority: fc.nat(3) }) },
        { weight: 2, arbitrary: fc.record({ end: fc.nat(1_000) }) },
        { weight: 1, arbitrary: fc.record({ window: windows }) },
      ),
      { maxLength: 120 },
    );
    await fc.assert(
      fc.asyncProperty(windows, steps, async (window, all) => {
        const world = new World(window, 6);
        for (const step of all) {
          const before = world.granted.length;
          if ('outbox' in step) await world.want(step.outbox, step.priority);
          else if ('window' in step) world.limit = step.window;
          else if (world.running.length > 0) await world.end(step.end);
          for (const { beside, mayBe } of world.granted.slice(before)) expect(beside).toBeLessThanOrEqual(mayBe);
          // A window that grew is filled at the next turn.
          const isFilled = before < world.granted.length || 'end' in step;
          const room = ({ priority }: { priority: number }) => world.running.length <= world.mostBeside(priority);
          expect(world.waiting.filter((series) => isFilled && room(series))).toEqual([]);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('offer one outbox alone what they always did', async () => {
    await fc.assert(
      fc.asyncProperty(windows, fc.array(fc.nat(3), { maxLength: 64 }), async (window, priorities) => {
        const world = new World(window, 3);
        for (const priority of priorities) {
          const lanes = world.offer(0);
          expect(lanes).toEqual(lanesFor(window, world.running.length));
          if ((lanes?.perPriority[priority as 0] ?? 0) > 0) await world.want(0, priority);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('start a Critical row at once, however many rows other outboxes have waiting', async () => {
    const { world } = await endless(32, [3, 3, 2], manyEnds(200));
    await world.want(1, 0);
    expect(world.granted.at(-1)).toMatchObject({ outbox: 1, priority: 0 });
  });

  it('are equal parts where priorities are equal', async () => {
    const { held } = await endless(32, [2, 2, 2, 2], manyEnds(2_000));
    for (const mean of held) expect(Math.abs(mean - 7)).toBeLessThan(1);
  });

  it('go to the more urgent, and no backlog takes from another outbox the last quarter of the window', async () => {
    const { held } = await endless(32, [3, 2], manyEnds(2_000));
    const [low = 0, normal = 0] = held;
    expect(low).toBeGreaterThan(6);
    expect(low).toBeLessThan(10);
    expect(normal).toBeGreaterThan(18);
    const flood = await endless(32, [0, 2], manyEnds(2_000));
    expect(flood.held[1]).toBeGreaterThan(6);
  });

  it('are offered to the more urgent as priority gives them, however many outboxes have a backlog', async () => {
    for (const [urgent, others] of [
      [0, 2],
      [1, 2],
      [2, 3],
    ] as const) {
      const backlogs = Array.from({ length: 15 }, () => others);
      const { held, world } = await endless(32, [...backlogs, urgent], manyEnds(2_000), true);
      expect(held.at(-1)).toBeGreaterThan(11);
      // It is the last to be asked. Each of the others has its turn, and what waits is not much more than what runs.
      for (const mean of held.slice(0, -1)) expect(mean).toBeGreaterThan(0.5);
      expect(world.waiting.length).toBeLessThan(64);
    }
  });

  it('leave no outbox without, also when more want them than there are', async () => {
    const others = Array.from({ length: 59 }, (_, i) => i % 3);
    const { world } = await endless(16, [...others, 3], manyEnds(1_500));
    const turns = world.granted.flatMap(({ outbox }, at) => (outbox === 59 ? [at] : []));
    expect(turns.length).toBeGreaterThan(5);
  });

  it('go to one outbox whole while no other wants any', async () => {
    const world = new World(32, 4);
    for (let i = 0; i < 40; i++) await world.want(2, 2);
    expect(world.heldBy(2)).toBe(28);
    // And an idle one is offered its part at once, though nothing is free.
    expect(world.offer(0)?.perPriority).toEqual([16, 16, 14, 14]);
  });
});
