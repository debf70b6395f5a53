import { check } from './check';
import { type Mutation, mutant } from './mutants';
import { crowds, plans } from './plan';
import { type Breaks } from './simulate';

/**
 * Of one seed, so that each is found after the same number of schedules everywhere: a few hundred at the most. Without a limit
 * of time, which on a slow machine would end the search before that.
 */
const effort = { schedules: 20_000, cpuLimitMs: Infinity, seed: 1, shrink: false };

async function find(breaks: Breaks, among = plans): Promise<string> {
  const { failure } = await check({ ...effort, breaks, among });
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

describe('the simulation finds a process of several outboxes that', () => {
  it.each<[string, Breaks | Mutation, RegExp]>([
    [
      'takes the run of another outbox’s row of the same id for its own',
      {
        file: 'runtime/start-options',
        from: 'const place = [memo?.[memoNames.outbox], memo?.[memoNames.sequence]]',
        to: 'const place = [undefined]',
      },
      /was never started/,
    ],
    [
      'leaves the outbox out of the request id, where sequences of two outboxes may be equal',
      {
        file: 'runtime/start-options',
        from: 'const place = [memo?.[memoNames.outbox], memo?.[memoNames.sequence]]',
        to: 'const place = [memo?.[memoNames.sequence]]',
      },
      /was never started/,
    ],
    [
      'does not look at the outbox when it looks whose a run is',
      {
        file: 'contracts/run-owner',
        from: 'outboxOf(run.startedFor) !== outboxOf(row) || run.startedFor.sequence !== row.sequence',
        to: 'false',
      },
      /was never started|pays for what it did not cause/,
    ],
    [
      'compares the sequences of two outboxes when it looks whose a run is',
      { file: 'contracts/run-owner', from: 'outboxOf(run.startedFor) !== outboxOf(row) || ', to: '' },
      /was never started/,
    ],
    [
      'does not name the outbox in what it starts',
      {
        file: 'outbox-bridge/attempt',
        from: 'eventRefOf(row, event.type, outbox.name)',
        to: 'eventRefOf(row, event.type)',
      },
      /was never started/,
    ],
    ['writes its marks into the other outbox', { marksGoAstray: true }, /left pending|keeps a lease|wait for/],
    [
      'starts what is of a domain that its service may not write',
      { file: 'outbox-bridge/attempt', from: 'rowFault(row) ?? domainFault(row, outbox)', to: 'rowFault(row)' },
      /of a domain that is not its outbox's/,
    ],
    [
      'keeps the slots of what ends while its database is away',
      {
        file: 'outbox-bridge/bridge',
        from: `    } finally {
      release();`,
        to: `    } finally {
      if (this.deps.outage.active === undefined) release();`,
      },
      /left pending|wait for/,
    ],
    [
      'gives slots back and does not note it',
      {
        file: 'outbox-bridge/start-slots',
        from: 'line.running[priority] = (line.running[priority] ?? 0) - 1;',
        to: '',
      },
      /are counted/,
    ],
    [
      'lets other rows take the slots that are kept for Critical ones',
      { file: 'outbox-bridge/slot-rules', from: '< window - reserve ? 3 : 0', to: '< window ? 3 : 0' },
      /gets a slot that is not free/,
    ],
  ])(
    '%s',
    async (_, broken, complaint) => {
      expect(await find('file' in broken ? { parts: mutant(broken) } : broken)).toMatch(complaint);
    },
    1_800_000,
  );
});

describe('the simulation finds, where many series wait at once, a process of several outboxes that', () => {
  it.each<[string, Mutation, RegExp]>([
    [
      'gives every slot by priority, so that a backlog of Critical rows takes them all',
      { file: 'outbox-bridge/slot-rules', from: 'const byTurn = mayTurn && has < part;', to: 'const byTurn = false;' },
      /gets the slot whose turn is that of/,
    ],
    [
      'gives every slot by turn, whatever the priority',
      {
        file: 'outbox-bridge/slot-rules',
        from: '[1, priority, has, line.lastTurn]',
        to: '[1, has, line.lastTurn]',
      },
      /a slot goes to priority \d before/,
    ],
  ])(
    '%s',
    async (_, mutation, complaint) => {
      expect(await find({ parts: mutant(mutation) }, crowds)).toMatch(complaint);
    },
    1_800_000,
  );
});

describe('the simulation finds a bridge that', () => {
  it.each<[string, Mutation, RegExp]>([
    [
      'goes on with a run after a row that failed',
      {
        file: 'outbox-bridge/start-in-order',
        from: `return settlement.kind !== 'started'`,
        to: `return settlement.kind === 'released'`,
      },
      /is started before/,
    ],
    [
      'goes on with a run before a dead letter is written',
      {
        file: 'outbox-bridge/start-in-order',
        from: `return settlement.kind !== 'started'`,
        to: `return settlement.kind === 'failed' || settlement.kind === 'released'`,
      },
      /is started before/,
    ],
    [
      'starts the rest of a run after giving a row of it back',
      { file: 'outbox-bridge/start-in-order', from: 'blocked ||= ', to: 'blocked = ' },
      /is started before/,
    ],
    [
      'counts an outage as an attempt',
      {
        file: 'outbox-bridge/attempt',
        from: `if (cause !== 'row') {`,
        to: `if (cause !== 'row' && cause !== 'outage') {`,
      },
      /pays for what it did not cause/,
    ],
    [
      'marks a row that Temporal refused',
      {
        file: 'outbox-bridge/attempt',
        from: `if (outcome.kind === 'started') return`,
        to: `if (outcome.kind === 'started' || outcome.code === 'TEMPORAL_UNAVAILABLE') return`,
      },
      /was never started/,
    ],
    [
      'never gives up',
      { file: 'outbox-bridge/attempt', from: 'row.retryCount + 1 >= limits.maxAttempts', to: 'false' },
      /more attempts than it may have/,
    ],
    [
      'forgets to give back the rows it did not try',
      { file: 'outbox-bridge/start-in-order', from: `settler.add({ kind: 'released', row }, leaseEndsMs);`, to: '' },
      /was claimed and forgotten|keeps a lease|left pending/,
    ],
    [
      'does not recover from an outage',
      { file: 'outbox-bridge/recover', from: 'await starter.probe();', to: 'await starter.probe(); return;' },
      /left pending|spin/,
    ],
    [
      'claims on while it waits for work',
      { file: 'outbox-bridge/bridge', from: 'await pacer.wait();', to: ';' },
      /spin/,
    ],
  ])(
    '%s',
    async (_, mutation, complaint) => {
      expect(await find({ parts: mutant(mutation) })).toMatch(complaint);
    },
    1_800_000,
  );
});
