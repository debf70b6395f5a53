import { mutant } from './mutants';
import { type Fault, type Plan, type PlannedRow } from './plan';
import { simulate } from './simulate';

/** One bridge, one aggregate, one transaction: schedules that once broke a promise, or would break it without a guard. */
function plan(rows: readonly Partial<PlannedRow>[], faults: readonly Fault[]): Plan {
  const good: PlannedRow = { aggregate: 0, kind: 0, defect: 'none', runMs: 5 };
  return {
    ...{ bridges: 1, outboxes: 1 },
    windowMax: 4,
    pollMaxMs: 1_000,
    latencySeed: 0,
    transactions: [{ outbox: 0, atMs: 0, holdMs: 1, commits: true, rows: rows.map((row) => ({ ...good, ...row })) }],
    faults,
  };
}

describe('known schedules', () => {
  it('a run forgotten by Temporal while its mark was lost is parked, not started again', async () => {
    const forgotten = plan([{}], [{ at: 'call', port: 'start', mishap: 'crash-after', atMs: 0, forMs: 700_000 }]);
    await simulate(forgotten);
    const blind = mutant({
      file: 'outbox-bridge/attempt',
      from: 'row.firstAttemptAgeMs > limits.retentionGuardMs',
      to: 'false',
    });
    await expect(simulate(forgotten, { parts: blind })).rejects.toThrow(/is started a second time/);
  });

  it('a row behind one that is given up waits until that is written', async () => {
    const hopeless = plan(
      [{ defect: 'invalid' }, {}],
      [{ at: 'call', port: 'settle', mishap: 'late-request', atMs: 0, forMs: 100 }],
    );
    await simulate(hopeless);
    const hasty = mutant({
      file: 'outbox-bridge/start-in-order',
      from: `return settlement.kind !== 'started'`,
      to: `return settlement.kind !== 'started' && settlement.kind !== 'dead-lettered'`,
    });
    await expect(simulate(hopeless, { parts: hasty })).rejects.toThrow(/is started before/);
  });

  it('a wall clock set back an hour does not keep a paused type paused', async () => {
    const setBack = plan(
      [{}],
      [
        { at: 'environment', kind: 0, atMs: 0, forMs: 3_000 },
        { at: 'clock', bridge: 0, atMs: 1_000, stepMs: -3_600_000 },
      ],
    );
    await simulate(setBack);
    await expect(simulate(setBack, { wallClock: true })).rejects.toThrow(/is left pending/);
  });

  it('a mark whose request is lost holds up no later mark of its bridge, and is sent again before its lease ends', async () => {
    const lost = plan(
      [{}],
      [
        { at: 'call', port: 'settle', mishap: 'lose-request', atMs: 0, forMs: 5_000 },
        { at: 'call', port: 'claim', mishap: 'late-reply', atMs: 23, forMs: 19_974 },
        { at: 'call', port: 'start', mishap: 'crash-before', atMs: 0, forMs: 19_995 },
      ],
    );
    await simulate({ ...lost, pollMaxMs: 5_000 });
  });

  it('a bridge whose mark is heard late, after all else has ended, begins to poll rarely only then, and does not spin', async () => {
    const transaction = {
      atMs: 0,
      holdMs: 1,
      commits: true,
      rows: [{ aggregate: 0, kind: 0, defect: 'none', runMs: 5 }],
    } as const;
    const late = plan(
      [],
      [
        { at: 'call', port: 'claim', mishap: 'lose-reply', atMs: 23, forMs: 5_000 },
        { at: 'call', port: 'settle', mishap: 'late-reply', atMs: 2, forMs: 5_000 },
        { at: 'bridge', what: 'crash', bridge: 0, atMs: 23, forMs: 5_000 },
        { at: 'call', port: 'settle', mishap: 'refuse', atMs: 1, forMs: 5_000 },
        { at: 'call', port: 'settle', mishap: 'late-reply', atMs: 0, forMs: 1 },
      ],
    );
    const transactions = [0, 1].map((outbox) => ({ ...transaction, outbox }));
    await simulate({ ...late, outboxes: 2, transactions, pollMaxMs: 5_000 });
  });

  describe('a row that kills processes, and one that was in hand with it, while another outbox has starts under way all the time', () => {
    const row: PlannedRow = { aggregate: 0, kind: 0, defect: 'none', runMs: 5 };
    const other = (atMs: number) => ({
      outbox: 1,
      atMs,
      holdMs: 1,
      commits: true,
      rows: [{ ...row, aggregate: atMs }],
    });
    const deadly: Plan = {
      ...plan(
        [{ defect: 'deadly' }, { aggregate: 1 }],
        [{ at: 'server', server: 'temporal', how: 'slow', atMs: 40_000, forMs: 40_000 }],
      ),
      outboxes: 2,
    };
    // After three leases the two are suspected, and are started alone.
    const busy = {
      ...deadly,
      transactions: [...deadly.transactions, ...Array.from({ length: 60 }, (_, i) => other(40_000 + 500 * i))],
    };

    it('is started alone, and so is the other', async () => {
      await simulate(busy);
    });

    it.each<[string, string, string, RegExp]>([
      [
        'the starts of the other outbox are not waited for',
        'await Promise.all([...this.members].filter((other) => other !== member).map((other) => other.quiet()));',
        '',
        /is not alone/,
      ],
      [
        'the other outbox goes on meanwhile',
        'return this.alone !== undefined && this.alone !== member;',
        'return false;',
        /is not (left )?alone/,
      ],
    ])('which is seen when %s', async (_, from, to, complaint) => {
      const parts = mutant({ file: 'outbox-bridge/alone-gate', from, to });
      await expect(simulate(busy, { parts })).rejects.toThrow(complaint);
    });
  });

  it('goes the same way each time', async () => {
    const faults: Fault[] = [
      { at: 'call', port: 'start', mishap: 'lose-reply', atMs: 0, forMs: 5_000 },
      { at: 'busy', atMs: 10, forMs: 1_000 },
    ];
    const twice = { ...plan([{}, { aggregate: 1 }, { aggregate: 2, defect: 'refused-once' }], faults), latencySeed: 7 };
    const traces: string[][] = [[], []];
    for (const trace of traces) await simulate(twice, {}, trace);
    expect(traces[0]!.length).toBeGreaterThan(10);
    expect(traces[1]).toEqual(traces[0]);
  });
});
