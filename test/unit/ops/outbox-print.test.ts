import { tableLines } from '../../../ops/status/outbox-print';
import { type OutboxReport, reportOfAll } from '../../../ops/status/outbox-report';
import { openFindingsText } from '../../../ops/audit/open-findings';

const report = (rows: number, state: string): OutboxReport => ({
  pending: [{ priority: 'high', rows, oldestSeconds: 3, withError: 0 }],
  bridges: [{ instance: 'b', state, reason: null, pausedTypes: {}, seenSecondsAgo: 1 }],
  deadLettered: rows,
  held: { aggregates: 0, rows: 0, since: null },
  startedNotEmitted: 0,
  hottest: [],
  unemitted: { underMinute: 0, underFive: 0, older: 0, since: null, oldestSeconds: 0, oldest: [] },
  partitions: [],
});
const content = { outbox: 'content', value: report(2, 'polling') };
const identity = { outbox: 'identity', value: report(5, 'outage') };
const text = (...said: (typeof content)[]) => tableLines(reportOfAll(said)).join('\n');

describe('the tables of nova status', () => {
  it('say with several outboxes of which each line is', () => {
    const said = text(content, identity);
    expect(said).toMatch(/^OUTBOX +PRIORITY .*\ncontent +high +2 .*\nidentity +high +5 /m);
    expect(said).toMatch(/^OUTBOX +BRIDGE .*\ncontent +b +polling .*\nidentity +b +outage /m);
    expect(said).toMatch(/^OUTBOX +DEAD LETTERS .*\ncontent +2 .*\nidentity +5 /m);
  });

  it('say nothing of it with one', () => {
    const said = text(content);
    expect(said).toMatch(/^PRIORITY .*\nhigh +2 /m);
    expect(said).not.toMatch(/OUTBOX|content/);
  });
});

it('open findings are counted by outbox where there are several', () => {
  const findings = [
    { kind: 'stuck', outbox: 'content', count: 1 },
    { kind: 'stuck', outbox: 'identity', count: 2 },
  ] as const;
  expect(openFindingsText(findings, 0, true)).toContain('3 stuck (1 of content, 2 of identity)');
  expect(openFindingsText(findings, 0, false)).toContain('3 stuck (npx nova audit)');
});
