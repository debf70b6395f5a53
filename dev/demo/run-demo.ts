import { type Cleanup } from '../../proof/run/cleanup';
import { type DemoOptions } from './options';
import { summarize, type Summary } from './report/summary';
import { webUiUrl } from '../../runtime/temporal-web-ui';
import { prepareEnvironment } from './setup/environment';
import { bringStackUp } from './setup/stack';
import { doBusiness, type Show, startSystem, verify, waitSettled } from './stages';
import { nowMs } from '../../proof/traffic/books';

/** The whole run, up to its result. Everything that must be undone is in `cleanup`, whatever happens. */
export async function runDemo(options: DemoOptions, show: Show, cleanup: Cleanup): Promise<Summary> {
  const begunMs = nowMs();
  const stack = await bringStackUp(show.report, show.interrupted, cleanup);
  const environment = await show.steps.run(
    'database',
    'fresh databases, migrated',
    () => prepareEnvironment(stack, cleanup),
    ({ names, database }) => `database ${names.database}, and ${database.outboxes.length} of services, migrated`,
  );
  const running = await startSystem(environment, options, show, cleanup);
  const traffic = await doBusiness(environment, running, options, show);
  const settled = await waitSettled(environment, running, options, show);
  const settleMs = nowMs() - traffic.endedAtMs;
  const { checks, latency } = await verify(environment, running, traffic, show);

  const { addresses, names } = environment;
  return summarize({
    run: names.run,
    seed: options.seed,
    events: traffic.books.committed.size,
    rolledBack: traffic.books.rolledBack.size,
    transactions: traffic.books.transactions,
    follows: running.follows,
    eventsPerSecond: traffic.eventsPerSecond,
    settleMs,
    totalMs: nowMs() - begunMs,
    latency,
    unsettled: settled.missing,
    checks,
    webUi: webUiUrl(addresses.temporalUiUrl, addresses.temporalNamespace, names.workflowQuery),
  });
}
