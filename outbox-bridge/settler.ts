import { NovaError } from '../contracts/failures';
import { codeOf, oneLine } from '../runtime/errors';
import { faultPoint } from '../runtime/fault-points';
import { type Logger } from '../runtime/logger';
import { sayRepeated, withoutFigures } from '../runtime/repeated-failures';
import { type BridgeMetrics } from './metrics';
import { type OutboxStore, type Settlement } from './ports';

/** Rows settled in one statement at most. */
const batchSize = 500;
/** A statement that takes longer than this no longer holds up the next one, milliseconds. */
const overdueMs = 250;
/** How long marks wait for others while their series goes on, milliseconds. */
const gatherMs = 25;
/** Most statements under way; each waits for its own reply. */
const maxUnderWay = 4;

interface Entry {
  readonly settlement: Settlement;
  readonly leaseEndsMs: number;
  readonly mayGather: boolean;
}

/**
 * Writes down how rows ended, many per statement: while one statement is under way the next batch gathers, so marks cost
 * little when busy and nothing waits when idle. Marks within a series that goes on wait a moment for each other: their
 * aggregate has no next head before the end of the series, and a mark for each start would take the server's time from the starts.
 * A statement without a reply delays only its own rows: after a moment the next one is sent beside it. While PostgreSQL
 * is away each is tried again until the leases of its rows are over; then they come back by themselves, and the
 * repeated start is harmless.
 */
export class Settler {
  private readonly queue: Entry[] = [];
  private readonly underWay = new Set<Promise<void>>();
  private flushing: Promise<void> | undefined;
  private endGathering: (() => void) | undefined;

  constructor(
    private readonly deps: {
      readonly store: OutboxStore;
      readonly logger: Logger;
      readonly metrics: BridgeMetrics;
      readonly now: () => number;
      readonly sleep: (ms: number) => Promise<void>;
    },
  ) {}

  /**
   * `leaseEndsMs`: by this process's clock, after which writing is pointless. `mayGather`: more of the same series follows
   * soon, so this mark may wait for it.
   */
  add(settlement: Settlement, leaseEndsMs: number, mayGather = false): void {
    this.queue.push({ settlement, leaseEndsMs, mayGather });
    if (!mayGather) this.endGathering?.();
    this.flushing ??= this.flush();
  }

  /** Resolves when everything added so far is written or given up. */
  async drained(): Promise<void> {
    while (this.flushing !== undefined || this.underWay.size > 0) {
      await Promise.all([this.flushing, ...this.underWay]);
    }
  }

  private async flush(): Promise<void> {
    // Whatever else ends in this turn of the event loop goes into the same statement.
    await Promise.resolve();
    while (this.queue.length > 0) {
      await this.gather();
      const writing = this.write(this.queue.splice(0, batchSize)).finally(() => this.underWay.delete(writing));
      this.underWay.add(writing);
      await Promise.race([writing, this.deps.sleep(overdueMs)]);
      while (this.underWay.size >= maxUnderWay) await Promise.race(this.underWay);
    }
    // In the same turn as the look at the queue: a row that is added between the two would wait there until the next
    // one comes.
    this.flushing = undefined;
  }

  /** Waits a moment, or until a mark comes that must not wait. */
  private async gather(): Promise<void> {
    if (!this.queue.every(({ mayGather }) => mayGather)) return;
    const urgent = new Promise<void>((resolve) => (this.endGathering = resolve));
    await Promise.race([urgent, this.deps.sleep(gatherMs)]);
    this.endGathering = undefined;
  }

  /** Never throws: what cannot be written comes back when its lease is over. */
  private async write(batch: readonly Entry[]): Promise<void> {
    let left = batch;
    for (let delayMs = 50; left.length > 0; delayMs = Math.min(delayMs * 2, 1_000)) {
      try {
        const statement = this.deps.store.settle(left.map(({ settlement }) => settlement));
        const [written] = await Promise.all([statement, faultPoint('bridge.mark-sent')]);
        await faultPoint('bridge.marked');
        if (written < left.length) this.deps.metrics.leasesLost.inc(left.length - written);
        return;
      } catch (thrown) {
        // A statement that PostgreSQL refuses would be refused again: let the leases bring the rows back.
        const outage = thrown instanceof NovaError && thrown.entry.cause === 'outage';
        this.sayNotWritten(thrown, left, outage);
        if (!outage) return;
        const now = this.deps.now();
        left = left.filter(({ leaseEndsMs }) => leaseEndsMs > now);
        await this.deps.sleep(delayMs);
      }
    }
  }

  private sayNotWritten(thrown: unknown, left: readonly Entry[], retried: boolean): void {
    const error = oneLine(thrown);
    const fields = { event_id: left[0]?.settlement.row.id, error, rows: left.length, retried };
    const key = `marks ${codeOf(thrown) ?? withoutFigures(error)}`;
    sayRepeated(this.deps.logger, { key, level: 'error', fields, message: 'marks not written' });
  }
}
