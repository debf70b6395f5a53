import { type EventRef } from '../../contracts/event-ref';
import { toError } from '../../runtime/errors';
import { type EmitOutcome } from './flush-emits';

interface Waiter {
  readonly event: EventRef;
  resolve(): void;
  reject(error: Error): void;
  /** The caller has gone: nobody waits for the outcome. */
  gone: boolean;
}

/** Another process holds the aggregate for some 10 ms when all is well. */
const askAgainMs = 8;

/**
 * Lets concurrent callers share flushes. One flush is in flight at a time; whoever comes meanwhile goes with the next,
 * so a lone event waits for nothing and a burst costs one transaction and one produce request per few hundred events.
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
      const waiter: Waiter = { event, resolve, reject, gone: false };
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
      const again: Waiter[] = [];
      for (const waiter of batch) {
        const outcome = outcomes.get(waiter.event.eventId) ?? 'not_yet';
        if (outcome === 'emitted') waiter.resolve();
        else if (outcome === 'not_yet') again.push(waiter);
        else waiter.reject(outcome);
      }
      // Aside, so that newcomers do not wait with them.
      if (again.length > 0) setTimeout(() => this.enqueue(again), askAgainMs);
    } catch (thrown) {
      for (const waiter of batch) waiter.reject(toError(thrown));
    }
  }
}
