import { checked } from '../../../../../proof/checks/check';
import { byPriority } from '../../../../../dev/demo/report/latency';
import { summarize } from '../../../../../dev/demo/report/summary';
import { printedSummary } from '../../../../../dev/demo/report/table';
import { event } from '../../../proof/checks/truth-of';

const measured = {
  run: 'r',
  seed: 1,
  events: 10,
  rolledBack: 1,
  transactions: 9,
  follows: 5,
  eventsPerSecond: 40,
  settleMs: 100,
  totalMs: 1_000,
  latency: { firstEffect: { critical: { count: 1, p50: 2, p95: 2, p99: 3, max: 4 } }, published: {}, subscriber: {} },
  unsettled: [],
  webUi: 'http://ui',
};
const good = checked('workflows', 'one each', '10', { workflows: 10, missing: 0, duplicates: 0 }, []);
const bad = checked('kafka', 'once', '9', { kafkaMessages: 9, missing: 1, duplicates: 2, outOfOrder: 3 }, [
  'event x is missing',
]);

describe('the summary of a run', () => {
  it('is good when everything settled and every check holds', () => {
    expect(summarize({ ...measured, checks: [good] })).toMatchObject({
      ok: true,
      workflows: 10,
      latencyMs: { critical: { p99: 3 } },
    });
  });

  it('is bad when one check does not hold, and adds up what is wrong', () => {
    const summary = summarize({ ...measured, checks: [good, bad] });
    expect(summary).toMatchObject({
      ok: false,
      missing: 1,
      duplicates: 2,
      outOfOrder: 3,
      kafkaMessages: 9,
      feedMismatches: 0,
    });
  });

  it('is bad when something never settled', () => {
    expect(summarize({ ...measured, checks: [good], unsettled: ['1 open workflows'] }).ok).toBe(false);
  });

  it('is printed with the offenders and the address of the Web UI', () => {
    const printed = printedSummary(summarize({ ...measured, checks: [good, bad] }));
    expect(printed).toContain('event x is missing');
    expect(printed).toContain('✘ not every check holds');
    expect(printed).toContain('Web UI: http://ui');
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
