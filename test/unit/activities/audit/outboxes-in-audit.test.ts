import { OutboxesInAudit } from '../../../../activities/audit/outboxes-in-audit';
import { type PgAuditRows } from '../../../../activities/audit/pg-audit-rows';
import { NovaError } from '../../../../contracts/failures';

const outbox = (name: string, failure?: Error) =>
  ({
    outbox: name,
    nowUs: async () => {
      if (failure !== undefined) throw failure;
      return 1;
    },
  }) as unknown as PgAuditRows;
const now = (rows: PgAuditRows) => rows.nowUs();
const gone = new NovaError('DATABASE_UNAVAILABLE', 'connect ECONNREFUSED');

describe('the outboxes of one audit', () => {
  it('go on without one whose database is away, which is named once and not asked again', async () => {
    const notes: string[] = [];
    const outboxes = new OutboxesInAudit([outbox('content'), outbox('social', gone)], notes);
    expect(await outboxes.each(now)).toEqual([1]);
    expect(await outboxes.each(now)).toEqual([1]);
    expect(notes).toEqual([
      'outbox social could not be read: DATABASE_UNAVAILABLE: connect ECONNREFUSED; its events were not judged',
    ]);
    expect([outboxes.isComplete, outboxes.isReadable('content'), outboxes.isReadable('social')]).toEqual([
      ...[false, true, false],
    ]);
    expect([outboxes.isKnown('social'), outboxes.isKnown('media')]).toEqual([true, false]);
  });

  it('also without one that refuses the login', async () => {
    const refused = Object.assign(new Error('password authentication failed'), { code: '28P01' });
    const outboxes = new OutboxesInAudit([outbox('content'), outbox('social', refused)], []);
    expect(await outboxes.each(now)).toEqual([1]);
  });

  it('end the audit when the only one is away, and when the fault is not a database’s', async () => {
    await expect(new OutboxesInAudit([outbox('main', gone)], []).each(now)).rejects.toBe(gone);
    const temporal = new NovaError('TEMPORAL_UNAVAILABLE', 'gone');
    for (const fault of [new TypeError('a bug'), temporal])
      await expect(new OutboxesInAudit([outbox('content'), outbox('social', fault)], []).each(now)).rejects.toBe(fault);
  });
});
