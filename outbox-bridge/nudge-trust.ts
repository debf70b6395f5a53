/** A nudge and the claim that finds its rows come within this of each other, in either order, milliseconds. */
const togetherMs = 1_000;

/** So many finds in a row must have been announced, at first and at most. */
const needed = { first: 10, most: 1_000 };

/**
 * Whether the nudges of one outbox can be relied on, so that it may be polled rarely. Nudges are optional and may be lost: what one writer
 * sends proves nothing of another. So trust is earned by what claims find: rows that came while the outbox rested were announced by
 * a nudge, or they were not.
 *
 *   polled ──10 finds in a row, each announced──▶ relied on ──a find that no nudge announced──▶ polled; next time twice as many
 *                                                     └──the listening session is lost──▶ polled, until it is back
 */
export class NudgeTrust {
  private listens = false;
  private heardMs = -Infinity;
  /** The last nudge has announced nothing yet. */
  private unused = false;
  private announced = 0;
  private needs = needed.first;
  /** Since when it is open whether a nudge announces a find. */
  private openSinceMs: number | undefined;

  /** @param now milliseconds of a monotonic clock */
  constructor(private readonly now: () => number) {}

  /** From now on nudges would be heard. What was written before was announced to no session. */
  listening(): void {
    this.listens = true;
    this.heardMs = this.now();
    this.unused = false;
  }

  /** The listening session is gone. */
  deaf(): void {
    this.listens = false;
    this.openSinceMs = undefined;
  }

  heard(): void {
    this.judge();
    this.heardMs = this.now();
    this.unused = this.openSinceMs === undefined;
    if (this.openSinceMs !== undefined) this.announced += 1;
    this.openSinceMs = undefined;
  }

  /** The first claim after a rest found rows that were never claimed before. */
  found(): void {
    if (!this.listens) return;
    this.judge();
    if (this.now() - this.heardMs > togetherMs) this.openSinceMs ??= this.now();
    else if (this.unused) {
      // The rest of what one nudge announced counts neither way.
      this.announced += 1;
      this.unused = false;
    }
  }

  get reliable(): boolean {
    this.judge();
    return this.listens && this.announced >= this.needs;
  }

  /** No nudge came for a find in time: it would have waited for the next poll. */
  private judge(): void {
    if (this.openSinceMs === undefined || this.now() - this.openSinceMs <= togetherMs) return;
    this.openSinceMs = undefined;
    if (this.announced >= this.needs) this.needs = Math.min(needed.most, this.needs * 2);
    this.announced = 0;
  }
}
