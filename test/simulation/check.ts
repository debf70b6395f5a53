import fc from 'fast-check';
import { type Plan, plans } from './plan';
import { type Breaks, type Outcome, simulate } from './simulate';

export interface Checked {
  readonly schedules: number;
  readonly rows: number;
  readonly virtualMs: number;
  readonly realMs: number;
  /** Why the simplest failing schedule fails, with its trace and the command that replays it. */
  readonly failure: string | undefined;
  readonly seed: number;
  readonly path: string | undefined;
}

/** Simulates up to `schedules` plans, at most for `limitMs`; shrinks the first that breaks a promise. */
export async function check(options: {
  readonly schedules: number;
  readonly limitMs: number;
  readonly seed?: number | undefined;
  readonly path?: string | undefined;
  readonly breaks?: Breaks;
}): Promise<Checked> {
  const { breaks, schedules: numRuns, limitMs, seed, path } = options;
  const total = { schedules: 0, rows: 0, virtualMs: 0 };
  const add = (outcome: Outcome): void => {
    total.schedules += 1;
    total.rows += outcome.rows;
    total.virtualMs += outcome.virtualMs;
  };
  const startedAt = performance.now();
  const property = fc.asyncProperty(plans, async (plan) => add(await simulate(plan, breaks)));
  const details = await fc.check(property, {
    numRuns,
    ...(seed === undefined ? {} : { seed }),
    ...(path === undefined ? {} : { path, endOnFailure: true }),
    interruptAfterTimeLimit: limitMs,
    markInterruptAsFailure: false,
  });
  const realMs = performance.now() - startedAt;
  const found = details.failed && details.counterexample !== null ? details.counterexample[0] : undefined;
  const failure =
    found === undefined ? undefined : await explain(found, breaks, details.seed, details.counterexamplePath);
  return { ...total, realMs, failure, seed: details.seed, path: details.counterexamplePath ?? undefined };
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
