import fc from 'fast-check';
import { type Plan, plans } from './plan';
import { type Breaks, type Outcome, simulate } from './simulate';

export interface Checked {
  readonly schedules: number;
  readonly rows: number;
  readonly virtualMs: number;
  /** What the process computed meanwhile, all its threads. */
  readonly cpuMs: number;
  /** Why the simplest failing schedule fails, with its trace and the command that replays it. */
  readonly failure: string | undefined;
  readonly seed: number;
  readonly path: string | undefined;
}

/** Plans drawn from one seed; the budget is looked at between them, and the next ones are drawn from the next seed. */
const perSeed = 100;

/**
 * Simulates up to `schedules` plans, or until the process has computed for `cpuLimitMs`; shrinks the first that breaks a
 * promise. Its own computing time counts, so that a busy machine makes it slower and not weaker.
 */
export async function check(options: {
  readonly schedules: number;
  readonly cpuLimitMs: number;
  readonly seed?: number | undefined;
  readonly path?: string | undefined;
  readonly breaks?: Breaks;
  /** Default: all that may be. */
  readonly among?: fc.Arbitrary<Plan>;
  /** False: the first schedule that fails will do, however long it is. */
  readonly shrink?: boolean;
}): Promise<Checked> {
  const { breaks, among = plans, schedules, cpuLimitMs, path, shrink = true } = options;
  const total = { schedules: 0, rows: 0, virtualMs: 0 };
  const add = (outcome: Outcome): void => {
    total.schedules += 1;
    total.rows += outcome.rows;
    total.virtualMs += outcome.virtualMs;
  };
  const property = fc.asyncProperty(among, async (plan) => add(await simulate(plan, breaks)));
  const before = process.cpuUsage();
  const cpuMs = (): number => {
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1_000;
  };
  const first = options.seed ?? Math.floor(Math.random() * 2 ** 30);
  for (let seed = first; ; seed++) {
    const numRuns = Math.min(perSeed, schedules - total.schedules);
    const details = await fc.check(property, {
      seed,
      numRuns,
      ...(path === undefined ? {} : { path }),
      endOnFailure: path !== undefined || !shrink,
    });
    const found = details.failed && details.counterexample !== null ? details.counterexample[0] : undefined;
    if (found !== undefined) {
      const failure = await explain(found, breaks, seed, details.counterexamplePath);
      return { ...total, cpuMs: cpuMs(), failure, seed, path: details.counterexamplePath ?? undefined };
    }
    if (path !== undefined || total.schedules >= schedules || cpuMs() >= cpuLimitMs)
      return { ...total, cpuMs: cpuMs(), failure: undefined, seed: first, path: undefined };
  }
}

/** Runs the schedule once more, which goes the same way, and keeps what happened. */
async function explain(plan: Plan, breaks: Breaks | undefined, seed: number, path: string | null): Promise<string> {
  const trace: string[] = [];
  const error: unknown = await simulate(plan, breaks, trace).then(
    () => 'the schedule passes when run again: it depends on something else than its plan',
    (thrown: unknown) => thrown,
  );
  return [
    String(error),
    `replay: SIMULATION_SEED=${seed} SIMULATION_PATH=${path ?? ''} npx jest test/simulation/bridge-simulation`,
    `plan: ${JSON.stringify(plan)}`,
    ...trace.slice(-150),
  ].join('\n');
}
