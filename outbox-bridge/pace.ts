/** Bounds of a pace; starts a second. */
export interface PaceLimits {
  /** How long what is started may wait for a worker, milliseconds, beyond what it waits when nothing else is there. */
  readonly targetMs: number;
}

/** Starts a second that are always made, so that there is something to measure. */
const least = 2;
/** Of a pace that has met no limit yet: doubled at each look that finds no wait. */
const first = 40;
/** More is no limit for anything. */
const most = 100_000;
/** Permits that are saved up while nothing is started, seconds of the pace. */
const savedSeconds = 0.05;
/** At each look the pace itself follows slowly, and what is started now follows at once: the first alone would swing without end. */
const [slowly, atOnce] = [0.02, 0.2];
/** Of the pace, started now at least and at most. */
const [deepest, highest] = [0.25, 1.2];
/** Waits of this many times the target are no worse than this. */
const worst = 6;
/** Looks in a row without a wait after which the pace grows twice as fast, three times after twice as many: there is more room than before. */
const patience = 4;

/**
 * How many workflows a second may be started on one task queue: as many as its workers begin without a wait. A wait below the target raises the
 * pace, slowly, once it has been the limit; one above lowers it, the further the more. The wait is that of LEDBAT (RFC 6817): less its own least value.
 *
 * All bridges see the same wait, so they share what the workers take without knowing of each other: who starts more falls further.
 */
export class Pace {
  private rate = first;
  /** Until the first wait above the target the pace doubles. */
  private searching = true;
  private permits = first * savedSeconds;
  private filledMs: number;
  private wasLimit = false;
  /** Looks in a row in which the pace was the limit, and there was next to no wait. */
  private idle = 0;
  /** Started now, of the pace. */
  private part = 1;

  constructor(
    private readonly limits: PaceLimits,
    nowMs: number,
  ) {
    this.filledMs = nowMs;
  }

  /** Starts a second. */
  get perSecond(): number {
    return this.rate * this.part;
  }

  /** Starts that may be made now, whole ones; 0 until a few have come together, so that not every one costs a claim. */
  room(nowMs: number): number {
    this.fill(nowMs);
    if (this.permits < this.few) {
      this.wasLimit = true;
      return 0;
    }
    return Math.floor(this.permits);
  }

  /** Milliseconds until there is room, at this pace. */
  wait(nowMs: number): number {
    this.fill(nowMs);
    return Math.max(0, ((this.few - this.permits) / this.rate) * 1_000);
  }

  /** One was started. Those that may pass without a permit, Critical ones, are counted too. */
  started(nowMs: number): void {
    this.fill(nowMs);
    // What passed without a permit is paid back within a second.
    this.permits = Math.max(this.permits - 1, -this.rate);
  }

  /** What was started lately waited so long, milliseconds, less the least that it ever waits. */
  waited(ms: number, nowMs: number): void {
    const { targetMs } = this.limits;
    this.fill(nowMs);
    const limited = this.wasLimit;
    this.wasLimit = false;
    const free = Math.max(1 - worst, (targetMs - ms) / targetMs);
    if (this.searching && free > 0) {
      if (limited) this.rate = Math.min(most, this.rate * (1 + free));
      return;
    }
    // What is measured now was started at half of the pace that was found too high.
    if (this.searching) this.rate /= 2;
    this.searching = false;
    this.part = Math.min(highest, Math.max(deepest, 1 + atOnce * free));
    this.idle = limited && free > 0.7 ? this.idle + 1 : 0;
    const faster = free > 0 ? 1 + this.idle / patience : 1;
    if (limited || free < 0) this.rate = Math.min(most, Math.max(least, this.rate * (1 + slowly * faster * free)));
  }

  /** Permits that come together before there is room. */
  private get few(): number {
    return Math.max(1, Math.min(this.saved / 2, 8));
  }

  private get saved(): number {
    return Math.max(1, this.rate * savedSeconds);
  }

  private fill(nowMs: number): void {
    const seconds = Math.max(0, nowMs - this.filledMs) / 1_000;
    this.filledMs = Math.max(this.filledMs, nowMs);
    this.permits = Math.min(this.saved, this.permits + seconds * this.rate * this.part);
  }
}
