import { check } from './check';

const numberOf = (name: string): number | undefined =>
  process.env[name] === undefined ? undefined : Number(process.env[name]);

/** For a soak of an hour's computing: SIMULATION_RUNS=1000000 SIMULATION_SECONDS=3600 npx jest test/simulation/bridge-simulation */
const schedules = numberOf('SIMULATION_RUNS') ?? 3_000;
const cpuLimitMs = (numberOf('SIMULATION_SECONDS') ?? 25) * 1_000;

describe('bridges in virtual time, under whatever may happen to them', () => {
  it(
    'start every committed row exactly once, in the order of its aggregate, and leave nothing behind',
    async () => {
      const checked = await check({
        schedules,
        cpuLimitMs,
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
    cpuLimitMs * 40,
  );
});
