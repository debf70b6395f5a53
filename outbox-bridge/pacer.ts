/** Calls `wake` once after so many milliseconds; returns how to call it off. */
export type Timer = (ms: number, wake: () => void) => () => void;

const realTimer: Timer = (ms, wake) => {
  const timer = setTimeout(wake, ms);
  return () => clearTimeout(timer);
};

/**
 * Waits between claims that found nothing: a few milliseconds at first, growing to the idle ceiling. A nudge
 * cuts any wait short. The poll finds every row; a lost nudge delays by the ceiling at most.
 */
export class Pacer {
  private nextMs: number;
  private wake: (() => void) | undefined;
  private nudged = false;

  constructor(
    /** `maxMs` may change while it waits. */
    private readonly limits: { readonly minMs: number; readonly maxMs: number },
    private readonly timer: Timer = realTimer,
  ) {
    this.nextMs = limits.minMs;
  }

  /** Work was found: be quick again. */
  reset(): void {
    this.nextMs = this.limits.minMs;
  }

  /** Ends the present wait, or the next one before it begins. */
  nudge(): void {
    this.nudged = true;
    this.wake?.();
  }

  /** After a claim that found nothing. */
  async wait(): Promise<void> {
    const waitMs = Math.min(this.nextMs, this.limits.maxMs);
    this.nextMs = Math.min(this.limits.maxMs, Math.max(1, waitMs * 1.5));
    await this.rest(waitMs);
  }

  /** As long as an idle loop rests, unless a nudge cuts it short. */
  async rest(waitMs = this.limits.maxMs): Promise<void> {
    if (!this.nudged) {
      await new Promise<void>((resolve) => {
        const cancel = this.timer(waitMs, resolve);
        this.wake = () => {
          cancel();
          resolve();
        };
      });
      this.wake = undefined;
    }
    this.nudged = false;
  }
}
