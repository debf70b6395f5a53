import { oneLine } from './errors';
import { type Service } from './lifecycle';
import { type Logger } from './logger';

/** What the chores of a process fail with: several that fail for one reason are one piece of news. */
export class ChoreFailures {
  private readonly byChore = new Map<string, string>();

  /** Returns true when this reason is no other chore's, and was not this one's before. */
  isNews(chore: string, error: string): boolean {
    // Figures, as of a time that went by, make no other reason.
    const reason = error.replace(/\d+/g, '');
    const isNews = ![...this.byChore.values()].includes(reason);
    this.byChore.set(chore, reason);
    return isNews;
  }

  ended(chore: string): void {
    this.byChore.delete(chore);
  }
}

/**
 * Does some work at start and then again and again, one at a time, until stopped. A failure is logged and the next turn
 * tries again: chores must not end the process they serve.
 */
export class Periodic implements Service {
  private timer: NodeJS.Timeout | undefined;
  private current: Promise<void> = Promise.resolve();
  private stopped = false;
  private readonly failures: ChoreFailures;

  /** `work` returns the milliseconds until the next turn; Infinity: there is none. */
  constructor(
    readonly name: string,
    private readonly work: () => Promise<number>,
    private readonly options: {
      readonly logger: Logger;
      readonly retryMs: number;
      /** One line about a failure, for the log. */
      readonly explain?: (thrown: unknown) => string;
      /** Shared with other chores, so that what all of them meet is said once. */
      readonly failures?: ChoreFailures;
    },
  ) {
    this.failures = options.failures ?? new ChoreFailures();
  }

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
        this.failures.ended(this.name);
      },
      (thrown: unknown) => {
        // There is no next turn: a failure while it stops is no news, and would be the last word of the process.
        if (this.stopped) return;
        const error = (this.options.explain ?? oneLine)(thrown);
        // The same again is no news, and there may be a turn every second.
        const level = this.failures.isNews(this.name, error) ? 'warn' : 'debug';
        this.options.logger[level]({ chore: this.name, error }, 'chore failed; trying again');
      },
    );
    await this.current;
    if (!this.stopped && nextMs !== Infinity) this.timer = setTimeout(() => void this.turn(), nextMs);
  }
}
