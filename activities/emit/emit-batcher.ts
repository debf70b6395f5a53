import { type EventRef } from '../../contracts/event-ref';
import { toError } from '../../runtime/errors';
import { type EmitOutcome } from './flush-emits';

interface Waiter {
  readonly event: EventRef;
  resolve(): void;
  reject(error: Error): void;
  /** The caller has gone: the outcome is of no use. */
  gone: boolean;
  /** Pause before the next ask when nothing moves, milliseconds. */
  pauseMs: number;
}

/** Another process holds the aggregate for some 10 ms when all is well; when not, asking as often only adds load. */
const firstPauseMs = 8;
const longestPauseMs = 200;

/**
 * Lets concurrent callers share flushes. One flush is in flight at a time, and callers that come meanwhile share the
 * next one. So a single event does not wait, and a burst costs one transaction and one produce request per few hundred
 * events.
 */
export class EmitBatcher {
  private waiting: Waiter[] = [];
  private flushing = false;

  constructor(
    private readonly flush: (refs: readonly EventRef[]) => Promise<ReadonlyMap<string, EmitOutcome>>,
    private readonly maxBatch = 500,
  ) {}

  /**
   * Resolves when Kafka has the event. An abort rejects with the signal's reason and takes the event out of the queue.
   * @throws NovaError as `EmitOutcome` says
   */
  emit(event: EventRef, signal: AbortSignal): Promise<void> {
    let leave: () => void = () => undefined;
    const emitted = new Promise<void>((resolve, reject) => {
      const waiter: Waiter = { event, resolve, reject, gone: false, pauseMs: firstPauseMs };
      leave = () => {
        waiter.gone = true;
        reject(toError(signal.reason));
      };
      if (signal.aborted) return leave();
      signal.addEventListener('abort', leave, { once: true });
      this.enqueue([waiter]);
    });
    return emitted.finally(() => signal.removeEventListener('abort', leave));
  }

  private enqueue(waiters: readonly Waiter[]): void {
    this.waiting.push(...waiters);
    if (this.flushing) return;
    this.flushing = true;
    // The callers of this tick go together.
    setImmediate(() => void this.run());
  }

  private async run(): Promise<void> {
    for (;;) {
      this.waiting = this.waiting.filter((waiter) => !waiter.gone);
      const batch = this.waiting.splice(0, this.maxBatch);
      if (batch.length === 0) break;
      await this.settle(batch);
    }
    this.flushing = false;
  }

  private async settle(batch: readonly Waiter[]): Promise<void> {
    const refs = [...new Map(batch.map(({ event }) => [event.eventId, event])).values()];
    try {
      const outcomes = await this.flush(refs);
      for (const waiter of batch) {
        const outcome = outcomes.get(waiter.event.eventId) ?? 'held';
        if (outcome === 'emitted') waiter.resolve();
        else if (outcome === 'behind' || outcome === 'held') this.askAgain(waiter, outcome);
        else waiter.reject(outcome);
      }
    } catch (thrown) {
      for (const waiter of batch) waiter.reject(toError(thrown));
    }
  }

  private askAgain(waiter: Waiter, outcome: 'behind' | 'held'): void {
    const pauseMs = outcome === 'behind' ? 0 : waiter.pauseMs;
    waiter.pauseMs = outcome === 'behind' ? firstPauseMs : Math.min(waiter.pauseMs * 2, longestPauseMs);
    // Apart, so that later callers do not wait with it.
    setTimeout(() => this.enqueue([waiter]), pauseMs);
  }
}
