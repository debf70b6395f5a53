import { check } from './check';
import { crowds, plans } from './plan';

const numberOf = (name: string): number | undefined =>
  process.env[name] === undefined ? undefined : Number(process.env[name]);

/** For a soak of an hour's computing: SIMULATION_RUNS=1000000 SIMULATION_SECONDS=3600 npx jest test/simulation/bridge-simulation */
const schedules = numberOf('SIMULATION_RUNS') ?? 3_000;
const seconds = numberOf('SIMULATION_SECONDS') ?? 25;

describe('bridges in virtual time, under whatever may happen to them', () => {
  it.each([
    ['start every committed row exactly once, in the order of its aggregate, and leave nothing behind', plans, 0.8],
    ['do so where the series of two outboxes wait for the same slots', crowds, 0.2],
  ])(
    '%s',
    async (_, among, part) => {
      const checked = await check({
        among,
        schedules: Math.ceil(schedules * part),
        cpuLimitMs: seconds * 1_000 * part,
        seed: numberOf('SIMULATION_SEED'),
        path: process.env['SIMULATION_PATH'],
      });
      if (checked.failure !== undefined) throw new Error(checked.failure);
      const perSecond = Math.round(checked.schedules / (checked.cpuMs / 1_000));
      const hours = Math.round(checked.virtualMs / 3_600_000);
      process.stdout.write(
        `simulation: ${checked.schedules} schedules, ${checked.rows} rows, ${hours} hours of virtual time, ` +
          `${perSecond} schedules a second of computing; seed ${checked.seed}\n`,
      );
      expect(checked.schedules).toBeGreaterThan(0);
    },
    seconds * 40_000,
  );
});
