import { type Audit } from '../../../../activities/audit/deps';
import { OutboxesInAudit } from '../../../../activities/audit/outboxes-in-audit';
import { type PgAuditRows } from '../../../../activities/audit/pg-audit-rows';
import { Gathered } from '../../../../activities/audit/suspicions';
import { verifyAll } from '../../../../activities/audit/verify';
import { NovaError } from '../../../../contracts/failures';

const run = (workflowId: string) => ({
  ...{ workflowId, runId: 'r', workflowType: 'emitWorkflow', status: 'COMPLETED', startedMs: 0 },
  startedFor: { eventId: workflowId, sequence: 1 },
});

/** A second look at runs without rows. `social` cannot be read from the first look on, or from the second. */
async function verified(socialFails: 'before' | 'now', known: string | null) {
  let isAway = socialFails === 'before';
  const fail = async () => {
    if (isAway) throw new NovaError('DATABASE_UNAVAILABLE', 'gone');
    return [];
  };
  const outboxes = new OutboxesInAudit(
    [
      { outbox: 'main', byIds: async () => [], wasDiscarded: async () => false },
      { outbox: 'social', byIds: fail, wasDiscarded: fail },
    ] as unknown as PgAuditRows[],
    [],
  );
  if (socialFails === 'before') await outboxes.byIds(['any']);
  isAway = true;
  const gathered = new Gathered(10);
  gathered.suspect('run_without_row', 'of-main', { outbox: 'main' });
  gathered.suspect('run_without_row', 'of-social', { outbox: 'social', known });
  gathered.suspect('run_without_row', 'of-unknown', { known });
  const deps = { outboxes, runs: { describe: async (id: string) => run(id) } } as unknown as Audit;
  const findings = await verifyAll({ deps, firstLookUs: new Map(), nowUs: 0, retentionMs: 1, gathered });
  return findings.map(({ eventId, detail }) => `${eventId}: ${detail.includes('completed') ? 'found' : detail}`).sort();
}

describe.each(['before', 'now'] as const)('while an outbox cannot be read (%s)', (since) => {
  it('nothing is found in it, nor of an outbox that is not known; of the others all is', async () => {
    expect(await verified(since, null)).toEqual(['of-main: found']);
  });

  it('what was found there before stays', async () => {
    expect(await verified(since, 'as before')).toEqual([
      'of-main: found',
      'of-social: as before',
      'of-unknown: as before',
    ]);
  });
});
