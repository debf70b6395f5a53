/** The least of each minute is kept for so many minutes. */
const minutes = 10;
/** So few starts in twice so long show what a start waits when there is nothing else, milliseconds. */
const [fewStarts, fewMs] = [25, 5_000];
/** So much later than ever before are starts of a clock that has stepped, milliseconds. */
const steppedMs = 1_000;

/**
 * What the starts of one task queue wait for a worker, beyond the least that they ever wait. The moments are of two clocks, Temporal's and ours, whose
 * difference is in the least wait too, so it does not matter (LEDBAT, RFC 6817).
 */
export class StartWaits {
  /** The least wait by minute, the newest last. */
  private readonly least: { minute: number; ms: number }[] = [];
  private recent: number[] = [];
  private last: { atMs: number; ms: number }[] = [];

  /** A run that Temporal had `ms` ago, by a clock that never steps, is begun at `nowMs` of that clock. */
  began(ms: number, nowMs: number): void {
    this.recent.push(ms);
    this.last = [...this.last.slice(-fewStarts), { atMs: nowMs, ms }];
    const minute = Math.floor(nowMs / 60_000);
    const newest = this.least.at(-1);
    if (newest?.minute === minute) newest.ms = Math.min(newest.ms, ms);
    else this.least.push({ minute, ms });
    while ((this.least[0]?.minute ?? minute) <= minute - minutes) this.least.shift();
    this.believeClocks(nowMs);
  }

  /** The median of what was begun since the last call, milliseconds; undefined: nothing was. */
  take(): number | undefined {
    const sorted = this.recent.sort((a, b) => a - b);
    this.recent = [];
    const median = sorted[sorted.length >> 1];
    return median === undefined ? undefined : Math.max(0, median - this.leastOfAll);
  }

  /** After a step of Temporal's clock every start looks late, few as they are: then the least is that of these few. */
  private believeClocks(nowMs: number): void {
    const few = this.last.filter(({ atMs }) => nowMs - atMs < 2 * fewMs);
    if (few.length > fewStarts || nowMs - (few[0]?.atMs ?? nowMs) < fewMs) return;
    const least = Math.min(...few.map(({ ms }) => ms));
    if (least < this.leastOfAll + steppedMs) return;
    this.least.splice(0);
    this.least.push({ minute: Math.floor(nowMs / 60_000), ms: least });
  }

  private get leastOfAll(): number {
    return Math.min(...this.least.map(({ ms }) => ms));
  }
}
