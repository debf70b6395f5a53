import { Gauge, Registry } from 'prom-client';
import { ClaimProgress, SeriesLength } from '../../../outbox-bridge/claim-progress';
import { type BridgeMetrics } from '../../../outbox-bridge/metrics';
import { silentLogger } from '../../support/logger';

describe('claims that lead to no start', () => {
  const gauge = new Gauge({ name: 'fruitless', help: 'x', registers: [new Registry()] });
  let nowMs = 0;
  const progress = new ClaimProgress({
    metrics: { fruitlessClaims: gauge } as unknown as BridgeMetrics,
    logger: silentLogger,
    leaseMs: 1_000,
    now: () => nowMs,
  });
  const shown = async () => (await gauge.get()).values[0]?.value;

  it('are a reason from the third in a row on, and shown as a metric, until one leads to a start', async () => {
    for (let i = 0; i < 2; i++) progress.without('the claim takes 9 s');
    expect(progress.reason).toBeUndefined();
    progress.without('the claim takes 9 s');
    expect(progress.reason).toBe('3 claims in a row led to no start: the claim takes 9 s');
    expect(await shown()).toBe(3);
    progress.fruitful();
    expect(progress.reason).toBeUndefined();
    expect(await shown()).toBe(0);
  });

  it('are counted on over claims without rows, until these last a whole lease', () => {
    const claims = (...found: ('rows' | 'none')[]): void =>
      found.forEach((one) => (one === 'rows' ? progress.without('rows come back untried') : progress.empty()));
    claims('rows', 'none', 'rows', 'none', 'none', 'rows');
    expect(progress.reason).toMatch(/^3 claims in a row/);
    progress.empty();
    nowMs += 999;
    progress.empty();
    expect(progress.reason).toBeDefined();
    nowMs += 1;
    progress.empty();
    expect(progress.reason).toBeUndefined();
  });
});

describe('a series of one aggregate', () => {
  it('is short until a start was measured, then as long as fits the budget, within bounds', () => {
    const length = new SeriesLength(4_000);
    expect(length.rows).toBe(9);
    length.took(50);
    expect(length.rows).toBe(80);
    for (let i = 0; i < 100; i++) length.took(1);
    expect(length.rows).toBe(200);
    for (let i = 0; i < 100; i++) length.took(5_000);
    expect(length.rows).toBe(9);
  });
});
