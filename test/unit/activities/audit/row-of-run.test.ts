import { type ListedRun } from '../../../../activities/audit/audit-runs';
import { rowOfRun, rowsOf } from '../../../../activities/audit/check-runs';
import { OutboxesInAudit } from '../../../../activities/audit/outboxes-in-audit';
import { type AuditRow, type PgAuditRows } from '../../../../activities/audit/pg-audit-rows';

const id = '0198f3a0-0000-7000-8000-000000000001';
const row = (outbox: string, sequence: number, publishedUs: number | null = null): AuditRow =>
  ({ eventId: id, outbox, sequence, publishedUs }) as AuditRow;
const run = (startedFor: ListedRun['startedFor']): ListedRun =>
  ({ workflowId: id, workflowType: 'emitWorkflow', startedFor }) as ListedRun;
const ofSocial = run({ eventId: id, outbox: 'social', sequence: 1 });

describe('of the rows of one id, a run’s', () => {
  it('is the one it was started for, also when another outbox has the same id and sequence', () => {
    const [main, social] = [row('main', 1, 5), row('social', 1)];
    expect(rowOfRun([main, social], ofSocial)).toBe(social);
    expect(rowOfRun([social, main], run({ eventId: id, sequence: 1 }))).toBe(main);
  });

  it('is never one of another outbox than the run names', () => {
    expect(rowOfRun([row('main', 1, 5)], ofSocial)).toBeUndefined();
  });

  it('is, of an outbox that has the id twice, the one that it was started for', () => {
    const [first, second] = [row('social', 1), row('social', 2, 5)];
    expect(rowOfRun([second, first], ofSocial)).toBe(first);
  });

  it('is any that was started, when no run is known or it does not say whose it is', () => {
    const [main, social] = [row('main', 1), row('social', 2, 5)];
    for (const unknown of [null, undefined, run(null)]) expect(rowOfRun([main, social], unknown)).toBe(social);
  });
});

it('asks an outbox for its own rows, and every outbox for those of which it is not known whose they are', async () => {
  const asked: [string, readonly string[]][] = [];
  const outboxes = ['main', 'social'].map((outbox) => ({
    outbox,
    byIds: async (ids: readonly string[], sinceUs?: number) => {
      if (sinceUs !== undefined) asked.push([outbox, ids]);
      return [];
    },
  }));
  const wanted = [{ id: 'theirs', outbox: 'social' }, { id: 'ours', outbox: 'main' }, { id: 'unknown' }];
  await rowsOf(new OutboxesInAudit(outboxes as unknown as PgAuditRows[], []), wanted, 0);
  expect(asked).toEqual([
    ['main', ['ours', 'unknown']],
    ['social', ['theirs', 'unknown']],
  ]);
});
