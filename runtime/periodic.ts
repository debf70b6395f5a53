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
  private lastFailure: string | undefined;

  /** `work` returns the milliseconds until the next turn; Infinity: there is none. */
  constructor(
    readonly name: string,
    private readonly work: () => Promise<number>,
    private readonly options: {
      readonly logger: Logger;
      readonly retryMs: number;
      /** One line about a failure, for the log. */
      readonly explain?: (thrown: unknown) => string;
    },
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
      (ms) => {
        nextMs = ms;
        this.lastFailure = undefined;
      },
      (thrown: unknown) => {
        // There is no next turn: a failure while it stops is no news, and would be the last word of the process.
        if (this.stopped) return;
        const error = (this.options.explain ?? oneLine)(thrown);
        // The same again is no news, and there may be a turn every second. Figures in it, as of a time that went by, are none either.
        const kind = error.replace(/\d+/g, '');
        const level = kind === this.lastFailure ? 'debug' : 'warn';
        this.lastFailure = kind;
        this.options.logger[level]({ chore: this.name, error }, 'chore failed; trying again');
      },
    );
    await this.current;
    if (!this.stopped && nextMs !== Infinity) this.timer = setTimeout(() => void this.turn(), nextMs);
  }
}
