import { NudgeTrust } from '../../../outbox-bridge/nudge-trust';
import { Pacer } from '../../../outbox-bridge/pacer';
import { PollBudget } from '../../../outbox-bridge/poll-budget';
import { reportInstanceMs } from '../../../outbox-bridge/report-instance.sql';

let nowMs = 0;
let trust: NudgeTrust;

beforeEach(() => {
  nowMs = 1_000_000;
  trust = new NudgeTrust(() => nowMs);
});

const pass = (ms: number): void => void (nowMs += ms);
/** Rows that a nudge announced, as many times. */
function announced(times: number): void {
  for (let i = 0; i < times; i++) {
    pass(60_000);
    trust.heard();
    pass(5);
    trust.found();
  }
}
function unannounced(): void {
  pass(60_000);
  trust.found();
  pass(1_001);
}

describe('the nudges of an outbox', () => {
  it('are relied on after ten finds in a row that each was announced, and while they are listened for', () => {
    announced(20);
    expect(trust.reliable).toBe(false);
    trust.listening();
    announced(9);
    expect(trust.reliable).toBe(false);
    announced(1);
    expect(trust.reliable).toBe(true);
    trust.deaf();
    expect(trust.reliable).toBe(false);
    trust.listening();
    expect(trust.reliable).toBe(true);
  });

  it('are not relied on after a find that none announced; then they must announce twice as many', () => {
    trust.listening();
    announced(10);
    unannounced();
    expect(trust.reliable).toBe(false);
    announced(19);
    expect(trust.reliable).toBe(false);
    announced(1);
    expect(trust.reliable).toBe(true);
  });

  it('may come after a poll has found the rows, but not later than a second', () => {
    trust.listening();
    announced(10);
    pass(60_000);
    trust.found();
    pass(900);
    trust.heard();
    pass(60_000);
    expect(trust.reliable).toBe(true);
    trust.found();
    pass(1_100);
    trust.heard();
    expect(trust.reliable).toBe(false);
  });

  it('each announce one find: what else is found beside it counts neither way', () => {
    trust.listening();
    announced(1);
    for (let i = 0; i < 50; i++) {
      pass(10);
      trust.found();
    }
    announced(8);
    expect(trust.reliable).toBe(false);
    announced(1);
    expect(trust.reliable).toBe(true);
  });

  it('are not judged by what was written while no session listened', () => {
    trust.listening();
    announced(10);
    trust.deaf();
    unannounced();
    trust.listening();
    trust.found();
    pass(5_000);
    expect(trust.reliable).toBe(true);
  });
});

describe('the polls of a process', () => {
  const limits = { pollsPerSecond: 100, polledMs: 20, nudgedMs: 2_000 };

  it('are shared by the outboxes that nothing announces; the others take a fifth at most', () => {
    const nudged = new Set<number>();
    const budget = new PollBudget(limits);
    const longestMs = Array.from({ length: 100 }, (_, i) => budget.join(() => nudged.has(i)));
    expect(longestMs[0]?.()).toBe(1_000);
    for (let i = 10; i < 100; i++) nudged.add(i);
    expect(longestMs[0]?.()).toBe(100);
    expect(longestMs[99]?.()).toBe(4_500);
    nudged.clear();
    nudged.add(99);
    expect(longestMs[99]?.()).toBe(2_000);
  });

  it('leave an outbox that is alone as it is set', () => {
    const [one, two] = [new PollBudget(limits), new PollBudget({ ...limits, polledMs: 5_000 })];
    expect(one.join(() => false)()).toBe(20);
    expect(two.join(() => true)()).toBe(5_000);
  });

  it('are frequent again as soon as nudges are not relied on', async () => {
    const waits: number[] = [];
    let maxMs = 60_000;
    const pacer = new Pacer(
      {
        minMs: 5,
        get maxMs() {
          return maxMs;
        },
      },
      (ms, wake) => {
        waits.push(ms);
        queueMicrotask(wake);
        return () => undefined;
      },
    );
    for (let i = 0; i < 40; i++) await pacer.wait();
    expect(waits.at(-1)).toBe(60_000);
    maxMs = 20;
    for (let i = 0; i < 2; i++) await pacer.wait();
    expect(waits.slice(-2)).toEqual([20, 20]);
  });
});

it('a bridge reports to each outbox in time for the audit, however many it serves', () => {
  const spread = 1.2;
  const goneAfterMs = 30_000;
  expect([1, 100].map(reportInstanceMs)).toEqual([2_000, 5_000]);
  for (const outboxes of [500, 1_000, 10_000])
    expect(reportInstanceMs(outboxes) * spread).toBeLessThan(goneAfterMs - 10_000);
});
