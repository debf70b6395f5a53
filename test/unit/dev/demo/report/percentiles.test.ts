import { percentiles } from '../../../../../dev/demo/report/percentiles';
import { byPriority } from '../../../../../dev/demo/report/latency';
import { event } from '../checks/truth-of';

describe('percentiles', () => {
  it('are values that were measured, by nearest rank', () => {
    const hundred = Array.from({ length: 100 }, (_, i) => 100 - i);
    expect(percentiles(hundred)).toEqual({ count: 100, p50: 50, p95: 95, p99: 99, max: 100 });
  });

  it('of one value are that value', () => {
    expect(percentiles([7])).toEqual({ count: 1, p50: 7, p95: 7, p99: 7, max: 7 });
  });

  it('of nothing are nothing', () => {
    expect(percentiles([])).toBeUndefined();
  });
});

describe('latencies by priority', () => {
  const at = (priority: number, committedAtMs: number) => event('comment.created', {}, { priority, committedAtMs });

  it('count from the commit, and leave out what had no effect', () => {
    const events = [at(0, 100), at(1, 100), at(1, 200), at(2, 100)];
    const result = byPriority(events, ({ priority }) => (priority === 2 ? null : 250));
    expect(result).toEqual({
      critical: { count: 1, p50: 150, p95: 150, p99: 150, max: 150 },
      high: { count: 2, p50: 50, p95: 150, p99: 150, max: 150 },
    });
  });

  it('are never negative', () => {
    expect(byPriority([at(0, 100)], () => 99.9).critical?.p50).toBe(0);
  });
});
