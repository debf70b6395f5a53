import { toError } from '../../runtime/errors';
import { type Random } from './random';
import { type Books } from './books';
import { mediaScenarios } from './scenarios/media';
import { messageScenarios, messageSent } from './scenarios/messages';
import { peopleScenarios } from './scenarios/people';
import { postScenarios } from './scenarios/posts';
import { type Scenario, type Services } from './scenarios/scenario';
import { socialScenarios } from './scenarios/social';

export const scenarios: readonly Scenario[] = [
  ...postScenarios,
  ...mediaScenarios,
  ...messageScenarios,
  ...socialScenarios,
  ...peopleScenarios,
];

/** More than this at once would only queue for connections: the database is slower than the rate asked for. */
const mostInFlight = 64;

interface Drive {
  readonly services: Services;
  readonly books: Books;
  readonly random: Random;
  /** Events to have been committed at the end, counted from the books' beginning. */
  readonly events: number;
  /** Events per second. */
  readonly rate: number;
  readonly interrupted: AbortSignal;
}

/**
 * Runs scenarios at the given rate until exactly so many events are committed. The pace does not wait for replies, as
 * users do not; a scenario that commits fewer events than it might gives the rest back.
 */
export async function driveTraffic({ services, books, random, events, rate, interrupted }: Drive): Promise<void> {
  const inFlight = new Set<Promise<void>>();
  const first = books.committed.size;
  let begun = performance.now();
  let failure: Error | undefined;
  const failed = () => failure !== undefined;
  for (;;) {
    interrupted.throwIfAborted();
    const spent = books.committed.size + books.reserved;
    if (failed() || (spent >= events && inFlight.size === 0)) break;
    if (spent >= events || inFlight.size >= mostInFlight) {
      await Promise.race(inFlight);
      continue;
    }
    const late = performance.now() - begun - ((spent - first) / rate) * 1_000;
    // What a stall held up comes as a burst of one second at the most.
    if (late > 1_000) begun += late - 1_000;
    if (late < 0) await services.pause(-late);
    const scenario = choose(random, events - spent, spent > events / 2);
    books.reserved += scenario.events;
    const ended = runOne(scenario, services, random.fork())
      .catch((thrown: unknown) => void (failure ??= toError(thrown)))
      .then(() => {
        books.reserved -= scenario.events;
        inFlight.delete(ended);
      });
    inFlight.add(ended);
  }
  if (failure !== undefined) throw failure;
}

async function runOne(scenario: Scenario, services: Services, random: Random): Promise<void> {
  try {
    await scenario.run(services, random);
  } catch (thrown) {
    throw new Error(`the scenario “${scenario.name}” failed: ${String(thrown)}`, { cause: thrown });
  }
}

function choose(random: Random, left: number, late: boolean): Scenario {
  const possible = scenarios.filter(({ events, early }) => events <= left && !(late && early));
  let point = random.next() * possible.reduce((sum, scenario) => sum + scenario.weight, 0);
  return possible.find((scenario) => (point -= scenario.weight) < 0) ?? messageSent;
}
