import { type Connections } from '../../ops/connections';
import { askEach } from '../../ops/outboxes';
import { startsLately } from '../../ops/status/starts-lately';
import { systemStatus } from '../../ops/status/status';
import { type Status } from '../../ops/status/status-said';
import { toError } from '../../runtime/errors';
import { type Logger } from '../../runtime/logger';
import { Periodic } from '../../runtime/periodic';
import { type Service } from '../../runtime/service';
import { type ConsoleConfig } from '../settings';
import { Ring, type Sample, sampleOf } from './samples';

/** One look at all servers. */
export interface Look {
  /** Epoch milliseconds at which it began. */
  readonly at: number;
  /** Null: PostgreSQL is there and refuses, as `failed` says. */
  readonly status: Status | null;
  readonly failed: unknown;
}

/** Samples of an hour at the usual pace. */
const mostSamples = 720;
/** A rate is of so long at least: with less the few events of a quiet system are noise. */
const leastWindowMs = 10_000;

/**
 * Looks at all servers again and again, so that no page waits for one that is slow, and however many people look, the servers are asked
 * once. What it remembers is gone when the process ends: history is what Prometheus is for.
 */
export class Sampler implements Service {
  readonly name = 'sampler';
  private readonly ring = new Ring(mostSamples);
  private readonly chore: Periodic;
  private looked: Look | null = null;
  private first: (look: Look) => void = () => undefined;
  private readonly firstLook = new Promise<Look>((resolve) => (this.first = resolve));

  constructor(
    private readonly connections: () => Connections,
    private readonly config: ConsoleConfig,
    logger: Logger,
  ) {
    const everyMs = config.sampleSeconds * 1_000;
    this.chore = new Periodic('sampler', () => this.look().then(() => everyMs), { logger, retryMs: everyMs });
  }

  /** The newest look; of a console that has just begun, the first, which may take as long as its slowest server. */
  get last(): Promise<Look> {
    return this.looked === null ? this.firstLook : Promise.resolve(this.looked);
  }

  get samples(): readonly Sample[] {
    return this.ring.samples;
  }

  async start(): Promise<void> {
    // Pages say that there is no look yet; they do not wait with the start for servers that are away.
    void this.chore.start();
  }

  stop(): Promise<void> {
    return this.chore.stop();
  }

  private async look(): Promise<void> {
    const at = Date.now();
    const connections = this.connections();
    const windowMs = Math.max(leastWindowMs, this.config.sampleSeconds * 1_000);
    const starts = askEach(connections.outboxes, (pool) => startsLately(pool, windowMs)).then(
      ({ said }) => (said.length === 0 ? null : said.flatMap(({ value }) => value)),
      () => null,
    );
    const asked = systemStatus(connections, this.config).then(
      (status) => ({ at, status, failed: null }),
      (thrown: unknown) => ({ at, status: null, failed: toError(thrown) }),
    );
    const [look, started] = await Promise.all([asked, starts]);
    this.ring.add(sampleOf(at, look.status ?? {}, started, windowMs));
    this.looked = look;
    this.first(look);
  }
}
