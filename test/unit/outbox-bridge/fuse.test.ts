import { type ClaimedRow, type StartOutcome, type WorkflowStarter } from '../../../outbox-bridge/ports';
import { attemptStart } from '../../../outbox-bridge/attempt';
import { Fuse } from '../../../outbox-bridge/fuse';
import { newId } from '../../support/events';
import { claimedRow as row } from './claimed-row';

const limits = { aggregates: 3, patienceMs: Infinity };
const refused: StartOutcome = { kind: 'failed', code: 'START_REFUSED', detail: 'no' };

const starter = (outcome: StartOutcome): WorkflowStarter => ({
  start: async () => outcome,
  lookUp: async () => 'unknown',
  probe: async () => undefined,
});
const attempt = (of: ClaimedRow, fuse: Fuse, outcome = refused) =>
  attemptStart(of, {
    starter: starter(outcome),
    store: {},
    limits: { maxAttempts: 5, retentionGuardMs: 1e9, unknownPatienceMs: 1e9 },
    fuse,
    outbox: { name: 'main' },
  });

describe('starts of different aggregates that fail alike', () => {
  it('count against no row from the third on, whatever their rows have behind them', async () => {
    const fuse = new Fuse(limits, () => 0);
    const before = [await attempt(row(), fuse), await attempt(row(), fuse)];
    expect(before.map(({ settlement }) => settlement)).toMatchObject([
      { countsAttempt: true },
      { countsAttempt: true },
    ]);
    expect(fuse.blown).toBeUndefined();
    // The fifth failure, which otherwise ends in the dead letters.
    const third = await attempt(row(4), fuse);
    expect(third).toMatchObject({ settlement: { kind: 'failed', countsAttempt: false }, spared: 'blows' });
    expect(await attempt(row(4), fuse)).toMatchObject({ settlement: { kind: 'failed' }, spared: 'environment' });
    expect(fuse.blown).toMatchObject({ code: 'START_REFUSED', detail: 'no' });
  });

  it('spare rows that are otherwise hopeless, too', async () => {
    const fuse = new Fuse(limits, () => 0);
    const foreign: StartOutcome = { kind: 'failed', code: 'FOREIGN_WORKFLOW', detail: 'not ours' };
    const ends = [];
    for (let i = 0; i < 4; i++) ends.push((await attempt(row(), fuse, foreign)).settlement.kind);
    expect(ends).toEqual(['dead-lettered', 'dead-lettered', 'failed', 'failed']);
  });

  it('count again after the first success', async () => {
    const fuse = new Fuse(limits, () => 0);
    for (let i = 0; i < 3; i++) await attempt(row(), fuse);
    fuse.succeeded();
    expect(fuse.blown).toBeUndefined();
    expect(await attempt(row(4), fuse)).toMatchObject({ settlement: { kind: 'dead-lettered' } });
  });

  it('are the rows’ own when they are of one aggregate, or fail differently', async () => {
    const fuse = new Fuse(limits, () => 0);
    const one = newId();
    for (let i = 0; i < 5; i++) await attempt(row(0, one), fuse);
    expect(fuse.blown).toBeUndefined();
    await attempt(row(), fuse);
    await attempt(row(), fuse, { kind: 'failed', code: 'PAYLOAD_TOO_LARGE', detail: 'much' });
    await attempt(row(), fuse);
    expect(fuse.blown).toBeUndefined();
  });

  it('are not what an outage or overload is: those never blow it', async () => {
    const fuse = new Fuse(limits, () => 0);
    for (const code of ['TEMPORAL_UNAVAILABLE', 'TEMPORAL_BUSY', 'NAMESPACE_MISSING'] as const)
      for (let i = 0; i < 4; i++) await attempt(row(), fuse, { kind: 'failed', code, detail: '' });
    expect(fuse.blown).toBeUndefined();
  });

  it('count once the patience is over', async () => {
    let now = 0;
    const fuse = new Fuse({ aggregates: 3, patienceMs: 1_000 }, () => now);
    for (let i = 0; i < 3; i++) await attempt(row(), fuse);
    now = 1_001;
    expect(await attempt(row(4), fuse)).toMatchObject({ settlement: { kind: 'dead-lettered' } });
  });
});
