import { type Counter } from 'prom-client';
import { type Service } from '../../runtime/lifecycle';
import { Periodic } from '../../runtime/periodic';
import { type HousekeepingDeps, doHousekeeping } from './housekeeping';

/** How often a process asks whether it is its turn. */
const askEveryMs = 60_000;

/** Every bridge runs it; the one that finds a turn due does it. */
export class HousekeepingService implements Service {
  readonly name = 'housekeeping';
  private readonly stopping = new AbortController();
  private readonly periodic: Periodic;
  private first: Promise<void> = Promise.resolve();

  constructor(
    deps: HousekeepingDeps,
    metrics: { readonly partitionsDropped: Counter; readonly rowsExpired: Counter<'table'> },
  ) {
    const turn = async (): Promise<number> => {
      if (this.stopping.signal.aborted) return askEveryMs;
      const report = await doHousekeeping(deps, { asked: false, signal: this.stopping.signal });
      metrics.partitionsDropped.inc(Object.keys(report?.dropped ?? {}).length);
      for (const [table, rows] of Object.entries(report?.expired ?? {})) metrics.rowsExpired.inc({ table }, rows);
      return askEveryMs;
    };
    this.periodic = new Periodic(this.name, turn, { logger: deps.logger, retryMs: askEveryMs });
  }

  /** Does not wait for the first turn: events must not wait for housekeeping. */
  async start(): Promise<void> {
    this.first = this.periodic.start();
  }

  /** A wait is cancelled; a running statement ends first. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.periodic.stop();
    await this.first;
  }
}
