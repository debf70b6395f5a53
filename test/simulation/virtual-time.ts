/** Milliseconds since the epoch at which every simulation begins. */
export const epochMs = Date.UTC(2026, 0, 1);

/** What runs at one instant. Several at the same instant run in the order in which they were planned. */
interface Appointment {
  readonly atMs: number;
  readonly order: number;
  /** Whether it sets anything in motion inside a bridge. */
  readonly wakes: boolean;
  /** Null: called off. */
  work: (() => void) | null;
}

/** This many steps at one instant mean that something spins. */
const stepsPerInstant = 20_000;

/**
 * The clock of a simulation. Time passes only by jumping to the next appointment, so hours take milliseconds, and the
 * order of everything is the order in which it was planned: nothing depends on the machine.
 */
export class VirtualTime {
  /** Milliseconds since the simulation began: the true time, which is also the database's. */
  nowMs = 0;
  private readonly heap: Appointment[] = [];
  private planned = 0;

  /** Plans `work`; returns how to call it off. */
  after(delayMs: number, work: () => void, wakes = true): () => void {
    const appointment: Appointment = { atMs: this.nowMs + Math.max(0, delayMs), order: this.planned++, wakes, work };
    this.push(appointment);
    return () => void (appointment.work = null);
  }

  /** Plans work at a server or on the wire, which wakes no process. */
  afterUnseen(delayMs: number, work: () => void): void {
    this.after(delayMs, work, false);
  }

  /** Runs appointments, everything of one instant before looking, until `done` says so, none is left, or the time is up; returns whether `done` said so. */
  async run(done: () => boolean, untilMs = Infinity): Promise<boolean> {
    let steps = 0;
    let woken = false;
    // What the caller set in motion before comes to rest, and after that what each step does, before the next.
    await new Promise(setImmediate);
    for (;;) {
      while (this.heap[0]?.work === null) this.pop();
      const next = this.heap[0];
      // Replies of one instant come in one turn of the event loop, so what they set in motion runs interleaved.
      if (woken && next?.atMs !== this.nowMs) {
        await new Promise(setImmediate);
        woken = false;
        continue;
      }
      if (done()) return true;
      if (next === undefined || next.work === null || next.atMs > untilMs) return false;
      this.pop();
      steps = next.atMs === this.nowMs ? steps + 1 : 0;
      if (steps > stepsPerInstant) throw new Error(`time stands still at ${this.nowMs} ms: something spins`);
      this.nowMs = next.atMs;
      next.work();
      // Replies of one instant come in one turn of the event loop, so what they set in motion runs interleaved.
      woken ||= next.wakes;
    }
  }

  private push(appointment: Appointment): void {
    const { heap } = this;
    let at = heap.push(appointment) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(heap[at]!, heap[parent]!)) break;
      [heap[at], heap[parent]] = [heap[parent]!, heap[at]!];
      at = parent;
    }
  }

  private pop(): void {
    const { heap } = this;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    heap[0] = last;
    for (let at = 0; ;) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < heap.length && isBefore(heap[child]!, heap[least]!)) least = child;
      }
      if (least === at) return;
      [heap[at], heap[least]] = [heap[least]!, heap[at]!];
      at = least;
    }
  }
}

function isBefore(a: Appointment, b: Appointment): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
