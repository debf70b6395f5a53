import { NovaError } from '../contracts/failures';
import { oneLine } from '../runtime/errors';
import { faultPoint } from '../runtime/fault-points';
import { type Logger } from '../runtime/logger';
import { type BridgeMetrics } from './metrics';
import { type OutboxStore, type Settlement } from './ports';

/** Rows settled in one statement at most. */
const batchSize = 500;

/**
 * Writes down how rows ended, many per statement: while one statement is under way the next batch gathers, so marks cost
 * little when busy and nothing waits when idle. While PostgreSQL is away it tries again until the rows' leases are over;
 * then they come back by themselves, and the repeated start is harmless.
 */
export class Settler {
  private queue: { settlement: Settlement; leaseEndsMs: number }[] = [];
  private flushing: Promise<void> | undefined;

  constructor(
    private readonly deps: {
      readonly store: OutboxStore;
      readonly logger: Logger;
      readonly metrics: BridgeMetrics;
      readonly now: () => number;
      readonly sleep: (ms: number) => Promise<void>;
    },
  ) {}

  /** `leaseEndsMs`: by this process's clock, after which writing is pointless. */
  add(settlement: Settlement, leaseEndsMs: number): void {
    this.queue.push({ settlement, leaseEndsMs });
    this.flushing ??= this.flush();
  }

  /** Resolves when everything added so far is written or given up. */
  async drained(): Promise<void> {
    while (this.flushing !== undefined) await this.flushing;
  }

  private async flush(): Promise<void> {
    // Whatever else ends in this turn of the event loop goes into the same statement.
    await Promise.resolve();
    for (let delayMs = 50; this.queue.length > 0;) {
      const batch = this.queue.splice(0, batchSize);
      try {
        const statement = this.deps.store.settle(batch.map(({ settlement }) => settlement));
        const [written] = await Promise.all([statement, faultPoint('bridge.mark-sent')]);
        await faultPoint('bridge.marked');
        if (written < batch.length) this.deps.metrics.leasesLost.inc(batch.length - written);
        delayMs = 50;
      } catch (thrown) {
        // A statement that PostgreSQL refuses would be refused again: let the leases bring the rows back.
        const outage = thrown instanceof NovaError && thrown.entry.cause === 'outage';
        this.deps.logger.error({ error: oneLine(thrown), rows: batch.length, retried: outage }, 'marks not written');
        if (!outage) continue;
        const now = this.deps.now();
        this.queue.unshift(...batch.filter(({ leaseEndsMs }) => leaseEndsMs > now));
        await this.deps.sleep(delayMs);
        delayMs = Math.min(delayMs * 2, 1_000);
      }
    }
    // In the same breath as the look at the queue: a row added between the two would lie there until the next one.
    this.flushing = undefined;
  }
}
