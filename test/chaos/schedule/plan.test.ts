import fc from 'fast-check';
import { everyOne, type PlannedFault } from '../types';
import {
  allChoices,
  choicesIn,
  choicesNamed,
  durationOf,
  essentialChoicesIn,
  mayOverlap,
  nameOf,
  restMs,
} from './fault-kinds';
import { calmMs, planSchedule, stormMs } from './plan';

const seeds = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const layouts = fc.boolean();
const runs = fc.record({ seed: seeds, minutes: fc.double({ min: 0.5, max: 90, noNaN: true }), together: layouts });
const kindOf = ({ target, kind }: Pick<PlannedFault, 'target' | 'kind'>): string => `${target} ${kind}`;
const endOf = (fault: PlannedFault): number => fault.atMs + fault.durationMs;

it('is the same for the same seed and another for another', () => {
  fc.assert(fc.property(runs, (run) => expect(planSchedule(run)).toEqual(planSchedule(run))));
  fc.assert(
    fc.property(seeds, (seed) =>
      expect(planSchedule({ seed, minutes: 10, together: false })).not.toEqual(
        planSchedule({ seed: (seed + 1) % 2 ** 32, minutes: 10, together: false }),
      ),
    ),
  );
});

it('deals every fault that its layout has in ten minutes or more', () => {
  fc.assert(
    fc.property(seeds, fc.double({ min: 10, max: 60, noNaN: true }), layouts, (seed, minutes, together) => {
      const dealt = new Set(planSchedule({ seed, minutes, together }).map(kindOf));
      expect([...dealt].sort()).toEqual(choicesIn(together).map(kindOf).sort());
    }),
  );
});

it('deals every fault that its layout has at least twice in an hour', () => {
  fc.assert(
    fc.property(seeds, layouts, (seed, together) => {
      const dealt = planSchedule({ seed, minutes: 60, together }).map(kindOf);
      const times = (one: string): number => dealt.filter((other) => other === one).length;
      expect(
        choicesIn(together)
          .map(kindOf)
          .filter((one) => times(one) < 2),
      ).toEqual([]);
    }),
  );
});

it('deals the faults that were asked for and no other', () => {
  fc.assert(
    fc.property(runs, fc.subarray([...allChoices], { minLength: 1, maxLength: 3 }), (run, only) => {
      const dealt = new Set(planSchedule({ ...run, only }).map(kindOf));
      const asked = new Set(only.map(kindOf));
      expect([...dealt].filter((one) => !asked.has(one))).toEqual([]);
      // Three of one target need three storms.
      expect(run.minutes < 3 || dealt.size === asked.size).toBe(true);
    }),
  );
});

it('knows the faults by name, and says which there are when one is unknown', () => {
  expect(choicesNamed(['kafka:slow', 'writers', 'kafka:slow']).map(nameOf)).toEqual([
    'kafka:slow',
    'writers:hot-aggregate',
    'writers:bulk',
  ]);
  expect(() => choicesNamed(['kafka:fast'])).toThrow('there is no fault "kafka:fast"; there are kafka:kill');
  expect(() => choicesNamed(['moon'])).toThrow('there is no fault "moon"; there are bridge, workers');
});

it('deals the essential ones in three minutes', () => {
  fc.assert(
    fc.property(seeds, layouts, (seed, together) => {
      const dealt = new Set(planSchedule({ seed, minutes: 3, together }).map(kindOf));
      expect(
        essentialChoicesIn(together)
          .map(kindOf)
          .filter((one) => !dealt.has(one)),
      ).toEqual([]);
    }),
  );
});

it('restores an outbox in the first minute of a short run, so that what it left is found, and harms one alone', () => {
  fc.assert(
    fc.property(seeds, (seed) => {
      const ofOutboxes = planSchedule({ seed, minutes: 3, together: false }).filter(
        ({ target }) => target === 'outbox',
      );
      const restored = ofOutboxes.filter(({ kind, atMs }) => kind === 'restore' && atMs < stormMs);
      expect(restored).not.toEqual([]);
      expect(ofOutboxes.map(({ kind }) => kind)).toContain('kill');
    }),
  );
});

it('harms the five outboxes in turn, whatever the fault, and begins with each of them', () => {
  const begun = new Set<number>();
  fc.assert(
    fc.property(seeds, (seed) => {
      const dealt = planSchedule({ seed, minutes: 60, together: false }).filter(({ target }) => target === 'outbox');
      for (const kind of new Set(dealt.map((fault) => fault.kind))) {
        const harmed = dealt.filter((fault) => fault.kind === kind).map(({ index }) => index);
        if (kind === 'restore') begun.add(harmed[0] ?? -1);
        expect(harmed).toEqual(harmed.map((_, i) => ((harmed[0] ?? 0) + i) % 5));
      }
    }),
  );
  expect([...begun].sort()).toEqual([0, 1, 2, 3, 4]);
});

it('never has two faults of one target at once, and leaves started processes time to come up', () => {
  fc.assert(
    fc.property(runs, (run) => {
      const faults = planSchedule(run);
      const tooSoon = faults.flatMap((fault) =>
        faults.filter((other) => {
          const after = other !== fault && other.target === fault.target && other.atMs >= fault.atMs;
          return after && other.atMs < endOf(fault) + restMs[fault.target];
        }),
      );
      expect(tooSoon).toEqual([]);
    }),
  );
});

it('keeps its faults within the run, within their lengths, and out of the calm stretches', () => {
  fc.assert(
    fc.property(runs, (run) => {
      const wrong = planSchedule(run).filter((fault) => {
        const [least, most] = durationOf(fault);
        const stormBegan = Math.floor(fault.atMs / (stormMs + calmMs)) * (stormMs + calmMs);
        const lengthIsRight = fault.durationMs >= least && fault.durationMs <= most;
        return !lengthIsRight || endOf(fault) > Math.min(stormBegan + stormMs, run.minutes * 60_000);
      });
      expect(wrong).toEqual([]);
    }),
  );
});

it('deals beside a rolling upgrade only what the release before has survived', () => {
  fc.assert(
    fc.property(seeds, (seed) => {
      const faults = planSchedule({ seed, minutes: 60, together: true });
      const stormOf = ({ atMs }: PlannedFault): number => Math.floor(atMs / (stormMs + calmMs));
      const beside = faults
        .filter(({ target }) => target === 'release')
        .flatMap((upgrade) => faults.filter((one) => one !== upgrade && stormOf(one) === stormOf(upgrade)));
      expect(beside.filter(({ target, kind }) => !mayOverlap({ target: 'release', kind }, { target, kind }))).toEqual(
        [],
      );
      expect(beside.map(({ kind }) => kind)).not.toContain('not-found');
    }),
  );
});

it('kills all bridges at once only now and then, and moves clocks by minutes to hours', () => {
  fc.assert(
    fc.property(seeds, (seed) => {
      const faults = planSchedule({ seed, minutes: 60, together: false });
      const all = faults.filter(({ index }) => index === everyOne);
      expect(all.length).toBeGreaterThan(0);
      expect(all.length).toBeLessThanOrEqual(4);
      expect(all.every(({ target, kind }) => target === 'bridge' && kind === 'kill')).toBe(true);
      const steps = faults.flatMap(({ kind, stepMs }) => (kind === 'clock-step' ? [Math.abs(stepMs ?? 0)] : []));
      expect(Math.min(...steps)).toBeGreaterThanOrEqual(120_000);
      expect(Math.max(...steps)).toBeLessThanOrEqual(7_200_000);
    }),
  );
});
