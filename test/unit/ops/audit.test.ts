import { auditText } from '../../../ops/audit/audit-print';
import { durationMs } from '../../../ops/audit/audit';
import { type AuditReport } from '../../../contracts/audit-kinds';

const report: AuditReport = {
  auditId: 'a',
  from: '2026-01-01T00:00:00.000Z',
  to: '2026-01-01T01:00:00.000Z',
  examined: { rows: 12_345, runs: 2, records: 3, feeds: 4 },
  counts: {},
  examples: {},
  byOutbox: [],
  unexplained: 0,
  waitForPerson: 0,
  notOnKafka: 0,
  notes: [],
  tookMs: 1_234,
};

describe('durations', () => {
  it.each([
    ['90s', 90_000],
    ['5m', 300_000],
    ['24h', 86_400_000],
    ['7d', 604_800_000],
  ])('%s is %i ms', (text, ms) => expect(durationMs(text)).toBe(ms));

  it.each(['', '5', 'h', '-1h', '1w', '1 h'])('"%s" is none', (text) =>
    expect(() => durationMs(text)).toThrow(/is no duration/),
  );
});

describe('the table for people', () => {
  it('never calls everything explained while a badly ended run is open, and says how many are not on Kafka', () => {
    const text = auditText({ ...report, counts: { failed_run: 2 }, waitForPerson: 2, notOnKafka: 1 }, false);
    expect(text).not.toMatch(/✔/);
    expect(text).toMatch(/✘ 2 wait for a person, 1 of them not on Kafka: npx nova replay --found$/);
  });

  it('says that all is explained', () => {
    expect(auditText(report, true)).toMatch(
      /12,345 rows, 2 runs, 3 messages on Kafka, 4 feeds, in 1\.2 s\n\n✔ everything is explained$/,
    );
  });

  it('says of each kind how many, which, and what to do', () => {
    const found = { ...report, counts: { stuck: 2, dead_letter: 1 }, examples: { stuck: ['id-1', 'id-2'] } };
    const text = auditText({ ...found, unexplained: 2, notes: ['Kafka was not compared'] }, false);
    expect(text).toMatch(/note: Kafka was not compared/);
    expect(text).toMatch(/ 2 {2}stuck +unexplained\n.*\n +→ Is a bridge running.*\n +id-1 {2}id-2/);
    expect(text).toMatch(/✘ 2 unexplained$/);
  });

  it('says with several outboxes of which each example is, and how many of each', () => {
    const stuck = { kind: 'stuck' as const, examples: ['id-1', 'id-2'] };
    const byOutbox = [
      { ...stuck, outbox: 'content', count: 4 },
      { ...stuck, outbox: null, count: 1, examples: ['id-3'] },
      { kind: 'dead_letter' as const, outbox: 'social', count: 9, examples: ['id-4'] },
    ];
    const text = auditText({ ...report, counts: { stuck: 5, dead_letter: 9 }, examples: {}, byOutbox }, true);
    expect(text).toMatch(/ 5 {2}stuck .*\n.*\n.*\n +4 of content: id-1 {2}id-2\n +1 of no known outbox: id-3\n\n/);
    expect(text).toMatch(/ 9 {2}dead_letter .*\n.*\n +9 of social: id-4\n/);
  });
});
