import { NovaError } from '../contracts/failures';
import { oneLine, toError } from '../runtime/errors';
import { faultPoint } from '../runtime/fault-points';
import { type Service } from '../runtime/lifecycle';
import { type Member } from './alone-gate';
import { sayBug } from '../runtime/repeated-failures';
import { enterOutage } from './apply-outcome';
import { type BridgeDeps } from './bridge-deps';
import { ClaimProgress, SeriesLength } from './claim-progress';
import { type Claimed, claimRows } from './claim-rows';
import { type Lanes, hasMoreRoom, hasRoomForAll } from './lanes';
import { type ClaimedRow } from './ports';
import { recover } from './recover';
import { hasSuspect, seriesOf } from './series';
import { Settler } from './settler';
import { startInOrder } from './start-in-order';

/**
 * Turns pending outbox rows into workflow starts.
 *
 * The loop:
 *
 * ```
 *            ┌────────────── nothing claimed: wait (pacer; a nudge cuts it short) ─────────────┐
 *            ▼                                                                                 │
 *   ┌─► CLAIMING ── rows ──► start a series per aggregate, do not wait ──► CLAIMING ────┘
 *   │        │ └─ no free slot: wait until a series ends
 *   │        └─ PostgreSQL or Temporal is down ──► OUTAGE: claim nothing, probe at growing intervals
 *   └──────────────── the probe succeeds: go on with the smallest window ◄──┘
 *
 *   stop(): claim no more; each series finishes its present start and gives back the rest; marks are written.
 * ```
 *
 * A row, from this process's point of view:
 *
 * ```
 *   pending ─ claim(token, lease) ─► leased ─ start ─► started            Temporal has our run
 *      ▲                               │ ├─ row at fault ─► pending, attempt counted, backoff ─ 5th, or no retry can help ─► dead-lettered
 *      │                               │ ├─ environment ──► pending, its type paused, nothing counted; also while the fuse is blown
 *      │                               │ ├─ outage, busy ─► pending, nothing counted
 *      │                               │ └─ not tried (stop, outage, lease nearly over) ─► pending as it was
 *      └────── lease over: the holder died or hung; the next claimer repeats the start, and Temporal returns the same run
 * ```
 *
 * Order: the store hands out a row only as the head of its aggregate or behind a head in the same claim, and a series
 * is started row after row, stopping at the first that must wait. So no row starts before an earlier one of its
 * aggregate, across any number of bridges. No database lock is held while Temporal is called.
 */
export class Bridge implements Service {
  readonly name = 'bridge';
  private readonly settler: Settler;
  private readonly underWay = new Set<Promise<void>>();
  private stopping = false;
  private loop: Promise<void> | undefined;
  private stopRequested: () => void = () => undefined;
  private readonly toStop = new Promise<void>((resolve) => (this.stopRequested = resolve));
  /** From a claim to the beginning of its series. */
  private taking: Promise<void> = Promise.resolve();
  /** Nothing was there at the claim before. */
  private rested = false;
  /** What is in hand is brought to an end, before a row that may kill the process. */
  private clearing = false;
  private readonly member: Member;
  private readonly progress: ClaimProgress;
  private readonly series: { settler: Settler; seriesLength: SeriesLength; givesBack: () => boolean };

  constructor(private readonly deps: BridgeDeps) {
    this.settler = new Settler(deps);
    this.progress = new ClaimProgress(deps);
    const seriesLength = new SeriesLength(deps.leaseMs / 4);
    this.series = { settler: this.settler, seriesLength, givesBack: () => this.mustGiveBack() };
    this.member = deps.gate.join(() => this.taking.then(() => this.idle()));
  }

  async start(): Promise<void> {
    this.loop ??= this.run();
  }

  async stop(): Promise<void> {
    this.stopping = true;
    this.deps.pacer.nudge();
    this.deps.slots.wake();
    this.stopRequested();
    await faultPoint('bridge.stopping');
    await this.loop;
    await this.idle();
  }

  /** Resolves when no start is in flight and every mark is written or given up. */
  private async idle(): Promise<void> {
    await Promise.all(this.underWay);
    await this.settler.drained();
  }

  /** Whether what is claimed and not started is to be given back. */
  private mustGiveBack(): boolean {
    return this.stopping || this.clearing || this.member.mustClear();
  }

  /** For people: what the loop is doing. */
  describe(): { state: string; reason: string | null } {
    const { outage, fuse } = this.deps;
    if (this.stopping || !this.loop) return { state: this.loop ? 'stopping' : 'not started', reason: null };
    if (outage.active) return { state: 'outage', reason: `${outage.active.code}: ${outage.active.detail}` };
    if (fuse.blown) return { state: 'refused', reason: `${fuse.blown.code}: ${fuse.blown.detail}` };
    if (this.progress.reason !== undefined) return { state: 'stuck', reason: this.progress.reason };
    return { state: this.underWay.size > 0 ? 'starting' : 'polling', reason: null };
  }

  private async run(): Promise<void> {
    while (!this.stopping) {
      try {
        await this.step();
      } catch (thrown) {
        const error = toError(thrown);
        if (error instanceof NovaError && (error.entry.cause === 'outage' || this.deps.outage.active)) {
          enterOutage(this.deps, error.code, error.message);
          continue;
        }
        this.progress.without(`the claim fails: ${oneLine(error)}`);
        // A bug, or an unexpected reply of PostgreSQL. Leases bring claimed rows back; do not loop without a pause.
        sayBug(this.deps.logger, error, {}, 'the claim loop failed; going on');
        await this.deps.sleep(1_000);
      }
    }
  }

  private async step(): Promise<void> {
    const { window, slots, paces, pacer, outage, metrics } = this.deps;
    if (outage.active) {
      this.rested = false;
      return recover(this.deps, this.toStop);
    }
    await Promise.race([this.member.open(), this.toStop]);
    if (this.stopping) return;
    const lanes = paces.limit(slots.offer());
    metrics.window.set(window.limit);
    if (lanes.heads === 0) return slots.freed();
    const taking = this.take(lanes);
    this.taking = taking.then(
      () => undefined,
      () => undefined,
    );
    if (await taking) pacer.reset();
    else if (hasRoomForAll(lanes)) await pacer.wait();
    else await this.untilRoom(lanes);
  }

  /** There is nothing as urgent as what may be claimed: until more may be, or it is time to look again. */
  private async untilRoom(claimed: Lanes): Promise<void> {
    const { slots, paces, pacer } = this.deps;
    let over = false;
    const rest = pacer.rest().then(() => (over = true));
    while (!over && !hasMoreRoom(claimed, paces.limit(slots.offer()))) await Promise.race([rest, slots.freed()]);
    if (!over) pacer.nudge();
    await rest;
  }

  /** Claims and begins; true: there were rows. */
  private async take(lanes: Lanes): Promise<boolean> {
    const claimed = await claimRows(this.deps, this.series.seriesLength, lanes);
    if (claimed.rows.length === 0) {
      this.rested = true;
      this.progress.empty();
      return false;
    }
    if (this.rested && claimed.rows.some(({ claimCount }) => claimCount === 1)) this.deps.nudges.found();
    this.rested = false;
    if (hasSuspect(claimed.rows)) await this.takeAlone(claimed, lanes);
    else this.begin(claimed);
    return true;
  }

  private begin({ rows, leasedAtMs, tookMs }: Claimed): void {
    if (rows.length === 0) return;
    const tried = seriesOf(rows).map((series) => this.dispatch(series, leasedAtMs));
    void this.judge(tried, tookMs);
  }

  /**
   * A row that may kill the process was claimed alone: nothing else is in hand until its end is written. Where that took long to come
   * about, it is claimed once more: its lease would be too old to start it, and it would come back again and again.
   */
  private async takeAlone(claimed: Claimed, lanes: Lanes): Promise<void> {
    const leave = await this.member.enter();
    if (leave === undefined) return this.giveBack(claimed);
    try {
      this.clearing = true;
      await this.idle();
      this.clearing = false;
      if (this.deps.now() - claimed.leasedAtMs > this.deps.leaseMs / 4) {
        this.giveBack(claimed);
        await this.idle();
        this.begin(await claimRows(this.deps, this.series.seriesLength, lanes));
      } else this.begin(claimed);
      await this.idle();
    } finally {
      this.clearing = false;
      leave();
    }
  }

  private giveBack({ rows, leasedAtMs }: Claimed): void {
    for (const row of rows) this.settler.add({ kind: 'released', row }, leasedAtMs + this.deps.leaseMs);
  }

  /** Rows given back untried, all of them, while nothing is known that forbids a start. */
  private async judge(tried: readonly Promise<number>[], claimTookMs: number): Promise<void> {
    const sum = (await Promise.all(tried)).reduce((total, count) => total + count, 0);
    if (sum > 0) return this.progress.fruitful();
    if (this.mustGiveBack() || this.deps.outage.active !== undefined) return;
    const half = this.deps.leaseMs / 2;
    this.progress.without(
      `rows come back untried; the last claim took ${Math.round(claimTookMs)} ms, and is used up to ${half} ms`,
    );
  }

  /** Resolves with the number of rows that were tried. */
  private dispatch(rows: readonly ClaimedRow[], leasedAtMs: number): Promise<number> {
    const counted = this.inSlot(rows, leasedAtMs).catch((thrown: unknown) => {
      const error = toError(thrown);
      sayBug(this.deps.logger, error, { event_id: rows[0]?.id }, 'a series failed; its leases bring it back');
      return 0;
    });
    const done = counted
      .then(() => undefined)
      .finally(() => {
        this.underWay.delete(done);
        this.deps.metrics.inFlight.set(this.underWay.size);
        // The next of a busy aggregate became head just now.
        if (rows.length > 1) this.deps.pacer.nudge();
      });
    this.underWay.add(done);
    this.deps.metrics.inFlight.set(this.underWay.size);
    return counted;
  }

  private async inSlot(rows: readonly ClaimedRow[], leasedAtMs: number): Promise<number> {
    const release = await this.deps.slots.take(rows[0]?.priority ?? 0);
    try {
      return await startInOrder(this.deps, this.series, rows, leasedAtMs);
    } finally {
      release();
    }
  }
}
