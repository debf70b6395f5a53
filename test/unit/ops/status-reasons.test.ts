import { type PriorityName } from '../../../contracts/priority';
import { reasons } from '../../../ops/status/status-reasons';
import { type Status } from '../../../ops/status/status-said';

const hot = (rows: number, outbox = 'main') => ({ outbox, rows, aggregateId: 'a', head: 'h' });
const waiting = (rows: number, outbox = 'main', priority: PriorityName = 'normal') => ({
  ...{ outbox, priority, rows, oldestSeconds: 1, withError: 0 },
});
const said = (of: object) =>
  reasons({ servers: [], pausedRuns: 0, auditSchedule: { state: 'running' }, ...of } as unknown as Status);
const reason = 'an aggregate that has most of what waits';

describe('an aggregate is a reason to look', () => {
  it('with many pending rows that are most of those of its outbox, whatever others have', () => {
    expect(
      said({ hottest: [hot(501)], pending: [waiting(900), waiting(100, 'main', 'low'), waiting(9_000, 'other')] }),
    ).toEqual([reason]);
  });

  it('not with few, and not in a backlog of others', () => {
    expect(said({ hottest: [hot(500)], pending: [waiting(500)] })).toEqual([]);
    expect(said({ hottest: [hot(501)], pending: [waiting(900), waiting(102, 'main', 'low')] })).toEqual([]);
    expect(said({ hottest: [hot(501, 'other')], pending: [waiting(501), waiting(2_000, 'other')] })).toEqual([]);
  });
});

it('an activity whose code throws is a reason to look, one that is tried again after a glitch is not', () => {
  const waits = (throwing: number) => ({
    waitingRuns: { waitFor: [{ activity: 'feedFollow', outage: false, oldestSeconds: 5, throwing }], standStill: [] },
  });
  expect(said(waits(1))).toEqual(['activities whose code throws']);
  expect(said(waits(0))).toEqual([]);
});
