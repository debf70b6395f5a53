import { toError } from '../runtime/errors';

export interface WatchOptions {
  /** How long the group's coordinator and the claim each wait for a sign of life, milliseconds. */
  readonly sessionTimeoutMs: number;
  /** After this long the signal is aborted; after twice as long the handler is no longer waited for. */
  readonly handleTimeoutMs: number;
  /** Rejects when the coordinator does not reply, or no longer counts this consumer as a member. */
  readonly heartbeat: () => Promise<void>;
  /** False: another consumer has the claim. */
  readonly renew: () => Promise<boolean>;
  /** The handler has passed its time and was asked to end. */
  readonly onLate: (error: Error) => void;
  /** Aborted: this process is to stop. */
  readonly stopping: AbortSignal;
}

/** What the coordinator replies to a consumer whose partitions may belong to another one already. */
const expelled = ['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'FENCED_INSTANCE_ID'];

/** One handling of one event: keeps the partition and the claim while the handler runs, and says when they are lost. */
export class WatchedHandling {
  /** Why Kafka no longer counts this consumer as a member of its group; undefined as long as it does. */
  expulsion: Error | undefined;
  /** The partition or the claim is another consumer's, or may be: the handler's end says nothing any more. */
  isLost = false;
  private readonly controller = new AbortController();
  private readonly timers = new Set<NodeJS.Timeout>();

  constructor(private readonly options: WatchOptions) {}

  /** @throws what `work` throws, or that it ended neither in its time nor when it was asked to */
  async run(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const { sessionTimeoutMs, handleTimeoutMs, stopping } = this.options;
    const stop = () => this.controller.abort(stopping.reason);
    stopping.addEventListener('abort', stop);
    if (stopping.aborted) stop();
    try {
      const keepPartition = this.deadline('the group’s coordinator took no heartbeat');
      const keepClaim = this.deadline('the store of handled events did not renew the claim');
      const beat = setInterval(() => void this.beat(keepPartition, keepClaim), sessionTimeoutMs / 3);
      this.timers.add(beat);
      const abandoned = new Promise<never>((_, reject) => {
        this.after(handleTimeoutMs, () => this.late());
        this.after(2 * handleTimeoutMs, () => reject(new Error(abandonedAfter(handleTimeoutMs))));
      });
      const working = work(this.controller.signal);
      working.catch(() => undefined);
      await Promise.race([working, abandoned]);
    } finally {
      for (const timer of this.timers) clearTimeout(timer);
      stopping.removeEventListener('abort', stop);
    }
  }

  private async beat(keepPartition: () => void, keepClaim: () => void): Promise<void> {
    const { heartbeat, renew } = this.options;
    await Promise.all([
      heartbeat().then(keepPartition, (thrown: unknown) => {
        const error = toError(thrown) as Error & { readonly type?: string };
        // A group that gains or loses a member waits for this one: the reply is a sign of life taken.
        if (error.type === 'REBALANCE_IN_PROGRESS') return keepPartition();
        if (!expelled.includes(error.type ?? '')) return;
        this.expulsion = error;
        this.abort(new Error(`the partition is lost: ${error.message}`, { cause: error }));
      }),
      renew().then(
        (isMine) =>
          isMine ? keepClaim() : this.abort(new Error('another consumer has taken the claim of the partition')),
        () => undefined,
      ),
    ]);
  }

  /** Aborts the handler unless the function it returns is called at least once in each session. */
  private deadline(what: string): () => void {
    const { sessionTimeoutMs } = this.options;
    // Before the end of the session or lease, not at it: from then on another consumer may begin.
    const timer = this.after(0.9 * sessionTimeoutMs, () => this.abort(new Error(`${what} for ${sessionTimeoutMs} ms`)));
    return () => void timer.refresh();
  }

  private late(): void {
    const { handleTimeoutMs } = this.options;
    const error = new Error(`the handler has run for ${handleTimeoutMs} ms (handleTimeoutMs): its signal is aborted`);
    this.controller.abort(error);
    this.options.onLate(error);
  }

  private after(ms: number, act: () => void): NodeJS.Timeout {
    const timer = setTimeout(act, ms);
    this.timers.add(timer);
    return timer;
  }

  private abort(reason: Error): void {
    this.isLost = true;
    this.controller.abort(reason);
  }
}

function abandonedAfter(handleTimeoutMs: number): string {
  return `the handler did not end within ${handleTimeoutMs} ms after its signal was aborted: it is no longer waited for, and may still run beside the next try`;
}
