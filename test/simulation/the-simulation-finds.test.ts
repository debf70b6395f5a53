import { check } from './check';
import { type Mutation, mutant } from './mutants';
import { type Breaks } from './simulate';

/**
 * Of one seed, so that each is found after the same number of schedules everywhere: a few hundred at the most. Without a limit
 * of time, which on a slow machine would end the search before that.
 */
const effort = { schedules: 20_000, cpuLimitMs: Infinity, seed: 1 };

async function find(breaks: Breaks): Promise<string> {
  const { failure } = await check({ ...effort, breaks });
  return failure ?? 'nothing found';
}

describe('the simulation finds a database that', () => {
  it.each<[string, Breaks, RegExp]>([
    ['settles rows without looking at the token', { settleWithoutToken: true }, /settled by one who does not hold it/],
    ['hands out rows that are not the first of their aggregate', { claimWithoutHeadTest: true }, /is started before/],
    ['hands out rows that another bridge holds', { claimIgnoresLeases: true }, /claimed|settled|spin|pending|started/],
    ['marks rows when they are claimed, before they are started', { claimMarks: true }, /keeps a lease|has no run/],
    ['takes a head away while a writer of its aggregate is open', { headGoesUnderWriter: true }, /left pending/],
    ['never looks again at a head that was vacant', { vacantHeadsStay: true }, /left pending/],
  ])(
    '%s',
    async (_, breaks, complaint) => {
      expect(await find(breaks)).toMatch(complaint);
    },
    1_800_000,
  );
});

describe('the simulation finds a bridge that', () => {
  it.each<[string, Mutation, RegExp]>([
    [
      'goes on with a run after a row that failed',
      {
        file: 'start-in-order',
        from: `return settlement.kind !== 'started'`,
        to: `return settlement.kind === 'released'`,
      },
      /is started before/,
    ],
    [
      'goes on with a run before a dead letter is written',
      {
        file: 'start-in-order',
        from: `return settlement.kind !== 'started'`,
        to: `return settlement.kind === 'failed' || settlement.kind === 'released'`,
      },
      /is started before/,
    ],
    [
      'starts the rest of a run after giving a row of it back',
      { file: 'start-in-order', from: 'blocked ||= ', to: 'blocked = ' },
      /is started before/,
    ],
    [
      'counts an outage as an attempt',
      { file: 'attempt', from: `if (cause !== 'row') {`, to: `if (cause !== 'row' && cause !== 'outage') {` },
      /pays for what it did not cause/,
    ],
    [
      'marks a row that Temporal refused',
      {
        file: 'attempt',
        from: `if (outcome.kind === 'started') return`,
        to: `if (outcome.kind === 'started' || outcome.code === 'TEMPORAL_UNAVAILABLE') return`,
      },
      /was never started/,
    ],
    [
      'never gives up',
      { file: 'attempt', from: 'row.retryCount + 1 >= limits.maxAttempts', to: 'false' },
      /more attempts than it may have/,
    ],
    [
      'forgets to give back the rows it did not try',
      { file: 'start-in-order', from: `settler.add({ kind: 'released', row }, leaseEndsMs);`, to: '' },
      /was claimed and forgotten|keeps a lease|left pending/,
    ],
    [
      'does not recover from an outage',
      { file: 'bridge', from: 'await starter.probe();', to: 'await starter.probe(); return;' },
      /left pending/,
    ],
    ['claims on while it waits for work', { file: 'bridge', from: 'else await pacer.wait();', to: '' }, /spin/],
  ])(
    '%s',
    async (_, mutation, complaint) => {
      expect(await find({ bridgeClass: mutant(mutation) })).toMatch(complaint);
    },
    1_800_000,
  );
});
