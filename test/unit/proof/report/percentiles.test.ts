import { percentiles } from '../../../../proof/report/percentiles';

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
