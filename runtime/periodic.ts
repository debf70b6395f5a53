import { oneLine } from './errors';
import { type Service } from './lifecycle';
import { type Logger } from './logger';

/**
 * Does some work at start and then again and again, one at a time, until stopped. A failure is logged and the next turn
 * tries again: chores must not end the process they serve.
 */
export class Periodic implements Service {
  private timer: NodeJS.Timeout | undefined;
  private current: Promise<void> = Promise.resolve();
  private stopped = false;

  /** `work` returns the milliseconds until the next turn; Infinity: there is none. */
  constructor(
    readonly name: string,
    private readonly work: () => Promise<number>,
    private readonly options: { readonly logger: Logger; readonly retryMs: number },
  ) {}

  /** Resolves after the first turn, whether it succeeded or not. */
  async start(): Promise<void> {
    await this.turn();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.current;
  }

  private async turn(): Promise<void> {
    let nextMs = this.options.retryMs;
    this.current = this.work().then(
      (ms) => void (nextMs = ms),
      (thrown: unknown) => {
        // There is no next turn: a failure while it stops is no news, and would be the last word of the process.
        if (this.stopped) return;
        this.options.logger.warn({ chore: this.name, error: oneLine(thrown) }, 'chore failed; trying again');
      },
    );
    await this.current;
    if (!this.stopped && nextMs !== Infinity) this.timer = setTimeout(() => void this.turn(), nextMs);
  }
}
