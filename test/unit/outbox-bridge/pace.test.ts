import { Pace } from '../../../outbox-bridge/pace';

const targetMs = 50;

/** Bridges that each have a pace, and workers that begin so many starts a second and say what these waited. */
class Deployment {
  readonly waits: { atMs: number; ms: number }[] = [];
  readonly started: number[];
  private readonly paces: Pace[];
  private readonly queue: number[] = [];
  private recent: number[] = [];
  private said: number | undefined;
  private credit = 0;
  private nowMs = 0;

  constructor(bridges: number) {
    this.paces = Array.from({ length: bridges }, () => new Pace({ targetMs }, 0));
    this.started = this.paces.map(() => 0);
  }

  /** All bridges have more than they may start. */
  run(seconds: number, capacity: number, wanted = Infinity): void {
    for (const endMs = this.nowMs + seconds * 1_000; this.nowMs < endMs; this.nowMs += 1) {
      this.start(wanted);
      this.begin(capacity);
      // Workers say something ten times a second, bridges look as often, each at a moment of its own.
      if (this.nowMs % 100 === 0) this.say();
      this.paces.forEach((pace, i) => {
        if (this.said !== undefined && (this.nowMs + i * 37) % 100 === 0) pace.waited(this.said, this.nowMs);
      });
    }
  }

  private start(wanted: number): void {
    this.paces.forEach((pace, i) => {
      const most = wanted === Infinity ? pace.room(this.nowMs) : Math.min(1, pace.room(this.nowMs));
      if (wanted !== Infinity && this.nowMs % Math.round(1_000 / wanted) !== 0) return;
      for (let n = 0; n < most; n++) {
        pace.started(this.nowMs);
        this.queue.push(this.nowMs);
        this.started[i] = (this.started[i] ?? 0) + 1;
      }
    });
  }

  private begin(capacity: number): void {
    this.credit = Math.min(4, this.credit + capacity / 1_000);
    while (this.credit >= 1 && this.queue.length > 0) {
      this.credit -= 1;
      const ms = this.nowMs - (this.queue.shift() ?? 0);
      this.waits.push({ atMs: this.nowMs, ms });
      this.recent.push(ms);
    }
  }

  private say(): void {
    if (this.recent.length === 0) return;
    this.said = this.recent.sort((a, b) => a - b)[this.recent.length >> 1];
    this.recent = [];
  }

  between(fromSeconds: number, toSeconds: number) {
    const its = this.waits.filter(({ atMs }) => atMs >= fromSeconds * 1_000 && atMs < toSeconds * 1_000);
    const sorted = its.map(({ ms }) => ms).sort((a, b) => a - b);
    return {
      perSecond: its.length / (toSeconds - fromSeconds),
      p99: sorted[Math.floor(sorted.length * 0.99)] ?? 0,
    };
  }
}

describe.each([1, 2, 8])('the pace of %i bridges that share workers', (bridges) => {
  const world = new Deployment(bridges);
  world.run(60, 50);

  test('starts what the workers begin, and keeps the wait near its target', () => {
    const { perSecond, p99 } = world.between(10, 60);
    expect(perSecond).toBeGreaterThan(0.95 * 50);
    expect(p99).toBeLessThan(4 * targetMs);
  });

  test('gives each bridge its part', () => {
    const [least, most] = [Math.min(...world.started), Math.max(...world.started)];
    expect(least / most).toBeGreaterThan(0.8);
  });
});

test('a pace follows workers that become slower, and those that become faster again', () => {
  const world = new Deployment(1);
  world.run(20, 60);
  world.run(20, 10);
  world.run(20, 60);
  expect(world.between(30, 40).perSecond).toBeGreaterThan(0.9 * 10);
  expect(world.between(30, 40).p99).toBeLessThan(1_000);
  expect(world.between(47, 60).perSecond).toBeGreaterThan(0.95 * 60);
});

test('a pace finds many workers within seconds', () => {
  const world = new Deployment(4);
  world.run(30, 1_000);
  expect(world.between(2, 30).perSecond).toBeGreaterThan(0.9 * 1_000);
});

test('a pace that is not the limit does not grow', () => {
  const pace = new Pace({ targetMs }, 0);
  const before = pace.perSecond;
  for (let at = 0; at < 60_000; at += 100) {
    if (at % 500 === 0 && pace.room(at) > 0) pace.started(at);
    pace.waited(0, at);
  }
  expect(pace.perSecond).toBe(before);
});

test('whatever the wait, something is started', () => {
  const pace = new Pace({ targetMs }, 0);
  let started = 0;
  for (let at = 0; at < 60_000; at += 10) {
    if (at % 100 === 0) pace.waited(60_000, at);
    if (pace.room(at) > 0) {
      pace.started(at);
      started += 1;
    }
  }
  expect(started).toBeGreaterThan(20);
});

test('what passes without a permit is paid back', () => {
  const pace = new Pace({ targetMs }, 0);
  for (let n = 0; n < 20; n++) pace.started(1_000);
  expect(pace.room(1_100)).toBe(0);
  expect(pace.wait(1_100)).toBeGreaterThan(300);
  expect(pace.room(2_000)).toBeGreaterThan(0);
});
