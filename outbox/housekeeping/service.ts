import { type Counter } from 'prom-client';
import { type Service } from '../../runtime/lifecycle';
import { type Logger } from '../../runtime/logger';
import { Periodic } from '../../runtime/periodic';
import { type OutboxHousekeepingDeps, keepOutbox } from './outbox-housekeeping';
import { type StateHousekeepingDeps, keepState } from './state-housekeeping';
import { type TurnOptions } from './turn-of-steps';

/** How often a process asks whether it is its turn. */
const askEveryMs = 60_000;

/** How a process says what its chores fail with. */
export type Reporting = Pick<ConstructorParameters<typeof Periodic>[2], 'explain' | 'failures'>;

/** Every bridge runs it; the one that finds a turn due does it. */
class HousekeepingService implements Service {
  private readonly stopping = new AbortController();
  private readonly periodic: Periodic;
  private first: Promise<void> = Promise.resolve();

  constructor(
    readonly name: string,
    turn: (options: TurnOptions) => Promise<unknown>,
    logger: Logger,
    reporting: Reporting,
  ) {
    const work = async (): Promise<number> => {
      if (!this.stopping.signal.aborted) await turn({ asked: false, signal: this.stopping.signal });
      return askEveryMs;
    };
    this.periodic = new Periodic(name, work, { ...reporting, logger, retryMs: askEveryMs });
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

interface ExpiredMetrics {
  readonly rowsExpired: Pick<Counter, 'inc'>;
}

function countExpired({ rowsExpired }: ExpiredMetrics, expired: Readonly<Record<string, number>> = {}): void {
  for (const [table, rows] of Object.entries(expired)) rowsExpired.inc({ table }, rows);
}

/** Housekeeping of one outbox. */
export function outboxHousekeeping(
  deps: OutboxHousekeepingDeps,
  metrics: ExpiredMetrics & { readonly partitionsDropped: Pick<Counter, 'inc'> },
  { name = 'housekeeping', ...reporting }: Reporting & { readonly name?: string } = {},
): Service {
  const turn = async (options: TurnOptions): Promise<void> => {
    const report = await keepOutbox(deps, options);
    metrics.partitionsDropped.inc(Object.keys(report?.dropped ?? {}).length);
    countExpired(metrics, report?.expired);
  };
  return new HousekeepingService(name, turn, deps.logger, reporting);
}

/** Housekeeping of State: one for all outboxes. */
export function stateHousekeeping(
  deps: StateHousekeepingDeps,
  metrics: ExpiredMetrics,
  reporting: Reporting = {},
): Service {
  const turn = async (options: TurnOptions): Promise<void> =>
    countExpired(metrics, (await keepState(deps, options))?.expired);
  return new HousekeepingService('state-housekeeping', turn, deps.logger, reporting);
}
