import { type Logger } from '../runtime/logger';
import { type BridgeMetrics } from './metrics';

/** So many claims in a row without a start are no coincidence. */
const alarmAfter = 3;

/**
 * Whether claims lead to starts. A bridge that claims rows and gives all of them back without a start looks busy and
 * does nothing; the usual cause is a claim that takes longer than half a lease.
 *
 * A claim without rows proves little: the row given back a moment ago may not be free yet, or another bridge has
 * claimed it and will give it back too. Only after a whole lease without rows is it known that nothing waits.
 */
export class ClaimProgress {
  private fruitless = 0;
  private why = '';
  private emptySinceMs: number | undefined;

  constructor(
    private readonly deps: {
      readonly metrics: BridgeMetrics;
      readonly logger: Logger;
      readonly leaseMs: number;
      readonly now: () => number;
    },
  ) {}

  /** For people; undefined while all is well. */
  get reason(): string | undefined {
    return this.fruitless < alarmAfter ? undefined : `${this.fruitless} claims in a row led to no start: ${this.why}`;
  }

  /** A claim found no rows. */
  empty(): void {
    const nowMs = this.deps.now();
    this.emptySinceMs ??= nowMs;
    if (nowMs - this.emptySinceMs >= this.deps.leaseMs) this.fruitful();
  }

  /** A row was tried, or nothing waits. */
  fruitful(): void {
    this.emptySinceMs = undefined;
    if (this.reason !== undefined) this.deps.logger.info({}, 'starts go on');
    this.fruitless = 0;
    this.deps.metrics.fruitlessClaims.set(0);
  }

  /** A claim failed, or all its rows were given back untried. */
  without(why: string): void {
    this.emptySinceMs = undefined;
    this.fruitless += 1;
    this.why = why;
    this.deps.metrics.fruitlessClaims.set(this.fruitless);
    if (this.reason !== undefined) this.deps.logger.error({ reason: this.reason }, 'nothing is started');
  }
}

/** Rows of one aggregate that a claim takes at least, and at most. */
const [shortest, longest] = [9, 200];

/**
 * How many rows of one aggregate a claim may take: as many as are started one after another within a part of the lease, so
 * that a busy aggregate drains in long series and few rows are given back.
 */
export class SeriesLength {
  private averageMs: number | undefined;

  constructor(private readonly budgetMs: number) {}

  /** One start took this long. */
  took(ms: number): void {
    this.averageMs = this.averageMs === undefined ? ms : this.averageMs * 0.9 + ms * 0.1;
  }

  get rows(): number {
    if (this.averageMs === undefined) return shortest;
    return Math.max(shortest, Math.min(longest, Math.floor(this.budgetMs / Math.max(this.averageMs, 1))));
  }
}
