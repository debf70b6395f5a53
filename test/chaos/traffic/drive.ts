import { type Random } from '../../../proof/traffic/random';
import { scenarios as everydayScenarios } from '../../../proof/traffic/drive';
import { type Scenario, type Services } from '../../../proof/traffic/scenarios/scenario';
import { toError } from '../../../runtime/errors';
import { hotScenarios } from './scenarios/hot';
import { longScenarios } from './scenarios/long';
import { orderedScenarios } from './scenarios/ordered';
import { raceScenarios } from './scenarios/races';

export const scenarios: readonly Scenario[] = [
  ...everydayScenarios,
  ...orderedScenarios,
  ...hotScenarios,
  ...raceScenarios,
  ...longScenarios,
];

/**
 * Transactions wait for connections of a pool of 24; many more stories than this would only queue. Some may hang on a database
 * that is frozen, while the others go on.
 */
const mostInFlight = 48;
/** After an outage the writers go this much faster than asked for, until the average is right again. */
const catchUp = 2;

interface Drive {
  readonly services: Services;
  readonly random: Random;
  /** Events per second, on average. */
  readonly rate: number;
  readonly until: AbortSignal;
  /** Whether the scenario may be run now. */
  readonly mayRun?: (scenario: Scenario) => boolean;
  /** Events committed so far. */
  readonly committed: () => number;
}

/** Runs scenarios until the signal to stop, then waits for those under way. An outage delays; the average rate holds. */
export async function drive({ services, random, rate, until, committed, mayRun = () => true }: Drive): Promise<void> {
  const inFlight = new Set<Promise<void>>();
  const first = committed();
  const beganAt = performance.now();
  let reserved = 0;
  let failure: Error | undefined;
  while (!until.aborted && failure === undefined) {
    const due = ((performance.now() - beganAt) / 1_000) * rate;
    const spent = committed() - first + reserved;
    if (inFlight.size >= mostInFlight) {
      await Promise.race(inFlight);
      continue;
    }
    if (spent > due) {
      await services.pause(Math.min(200, ((spent - due) / rate) * 1_000 + 1));
      continue;
    }
    const scenario = choose(random, scenarios.filter(mayRun));
    reserved += scenario.events;
    const ended = scenario
      .run(services, random.fork())
      .catch((thrown: unknown) => {
        failure ??= new Error(`the scenario “${scenario.name}” failed: ${toError(thrown).message}`, { cause: thrown });
      })
      .then(() => {
        reserved -= scenario.events;
        inFlight.delete(ended);
      });
    inFlight.add(ended);
    await services.pause((scenario.events / rate / catchUp) * 1_000);
  }
  await Promise.all(inFlight);
  if (failure !== undefined) throw failure;
}

function choose(random: Random, among: readonly Scenario[]): Scenario {
  let point = random.next() * among.reduce((sum, { weight }) => sum + weight, 0);
  return among.find(({ weight }) => (point -= weight) < 0) ?? (among[0] as Scenario);
}
