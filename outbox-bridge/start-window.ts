/** Bounds and pace of the start window; see docs/decisions/0006-start-window.md. */
export interface WindowLimits {
  readonly min: number;
  readonly max: number;
  /** A start that took longer than this, milliseconds, says that Temporal has more in hand than it works off. */
  readonly slowMs: number;
}

/** As the settings of a bridge say. */
export function startWindowOf(config: { readonly windowMax: number; readonly slowStartMs: number }): StartWindow {
  return new StartWindow({ min: 4, max: config.windowMax, slowMs: config.slowStartMs });
}

/**
 * How many aggregates may have a start in flight: additive increase on success, halved when Temporal says it is busy or is slow,
 * collapsed to the minimum by an outage, so that a recovery begins gently and not with a storm.
 */
export class StartWindow {
  private size: number;
  private shrunkAtMs = -Infinity;

  constructor(private readonly limits: WindowLimits) {
    // A quarter of the ceiling: fast enough at once, and after half a second of success the window is full.
    this.size = Math.max(limits.min, limits.max / 4);
  }

  /** Whole slots. */
  get limit(): number {
    return Math.floor(this.size);
  }

  /** A start ended at `nowMs`, `tookMs` after it began. */
  succeeded(tookMs: number, nowMs: number): void {
    if (tookMs <= this.limits.slowMs) {
      this.size = Math.min(this.limits.max, this.size + 1 / this.size);
      return;
    }
    // Starts that were under way when the window shrank say nothing about the smaller one.
    if (nowMs - tookMs < this.shrunkAtMs) return;
    this.shrunkAtMs = nowMs;
    this.busy();
  }

  busy(): void {
    this.size = Math.max(this.limits.min, this.size / 2);
  }

  collapsed(): void {
    this.size = this.limits.min;
  }
}
