import { type TestBridge, endLeases } from '../../support/bridge';
import { newId } from '../../support/events';
import { PoisonLab } from '../../support/poison-lab';
import { waitFor } from '../../support/wait-for';

let lab: PoisonLab;
beforeAll(async () => {
  lab = await PoisonLab.open();
});
afterEach(async () => {
  await lab.stopBridges();
  await lab.database.pool.query('DELETE FROM outbox_events');
});
afterAll(() => lab.close());

const lanes = { perPriority: [16, 16, 16, 16], floor: 2, heads: 16 } as const;
const leaseMs = 300_000;
type Mortal = TestBridge & { died: Promise<readonly string[]>; bury(): Promise<void> };

function promiseOf<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((done) => (resolve = done));
  return { promise, resolve };
}

/** A bridge whose process ends as soon as it starts one of these rows; `died` returns what it then had in hand. */
async function mortal(deadly: ReadonlySet<string>): Promise<Mortal> {
  const made = lab.bridge();
  const { store, starter } = made;
  const [claim, settle, start] = [store.claim.bind(store), store.settle.bind(store), starter.start.bind(starter)];
  const inHand = new Set<string>();
  const [dead, buried] = [promiseOf<readonly string[]>(), promiseOf<void>()];
  let alive = true;
  store.claim = async (request) => {
    const rows = alive ? await claim(request) : [];
    for (const { id } of rows) inHand.add(id);
    return rows;
  };
  store.settle = async (settlements) => {
    if (!alive) return 0;
    for (const { row } of settlements) inHand.delete(row.id);
    return settle(settlements);
  };
  starter.start = async (request) => {
    if (alive && deadly.has(request.ref.eventId)) {
      alive = false;
      dead.resolve([...inHand]);
    }
    if (alive) return start(request);
    await buried.promise;
    return { kind: 'started' };
  };
  await made.bridge.start();
  return Object.assign(made, {
    died: dead.promise,
    bury: async () => {
      buried.resolve();
      await made.bridge.stop();
      await endLeases(lab.database.pool);
    },
  });
}

describe('a row that kills the process that holds it', () => {
  it('takes others down with it three times at most, then dies alone, and is given up unread the seventh time', async () => {
    const innocents = await Promise.all(Array.from({ length: 6 }, () => lab.healthy()));
    const aggregate = newId();
    const killer = await lab.healthy(aggregate);
    const behind = await lab.healthy(aggregate);
    const deadly = new Set([killer.eventId]);
    const alone: boolean[] = [];
    for (let life = 1; life <= 6; life++) {
      const bridge = await mortal(deadly);
      const inHand = await bridge.died;
      alone.push(inHand.every((id) => id === killer.eventId));
      await bridge.bury();
    }
    expect(alone.slice(3)).toEqual([true, true, true]);
    await mortal(deadly);
    const row = await lab.dead(killer.eventId);
    expect(row).toMatchObject({ claim_count: 7, retry_count: 1, published_at: null });
    expect(row['last_error']).toMatch(/^ROW_KILLS_PROCESS: 6 claims in a row .* the last 3 with this row alone/);
    for (const { eventId } of [...innocents, behind]) {
      expect(await lab.started(eventId)).toMatchObject({ retry_count: 0, unfinished_claims: 0, last_error: null });
    }
  });

  it('is not even read the seventh time, since the reading may be what kills', async () => {
    const { eventId } = await lab.healthy();
    await lab.database.pool.query('UPDATE outbox_events SET unfinished_claims = 6 WHERE id = $1', [eventId]);
    const { store } = lab.bridge();
    const request = { token: newId(), leaseMs, lanes, maxRows: 16, pausedSpellings: [] };
    expect(await store.claim(request)).toMatchObject([{ id: eventId, payload: null, unfinishedClaims: 6 }]);
  });
});

describe('a row that was only near', () => {
  const claimed = (bridge: TestBridge) =>
    bridge.store.claim({ token: newId(), leaseMs, lanes, maxRows: 16, pausedSpellings: [] });

  it('when bridges were killed, however often, is tried alone, succeeds, and is trusted again', async () => {
    // One after another: the first is to be the one with the lowest sequence.
    const rows = [await lab.healthy(), await lab.healthy(), await lab.healthy(), await lab.healthy()];
    const killed = lab.bridge();
    for (let kill = 1; kill <= 3; kill++) {
      expect(await claimed(killed)).toHaveLength(4);
      await endLeases(lab.database.pool);
    }
    // From now on one at a time, with whatever else is there left for the next claim.
    expect((await claimed(killed)).map(({ id }) => id)).toEqual([rows[0]?.eventId]);
    await endLeases(lab.database.pool);
    await lab.healthy();
    const bridge = lab.bridge();
    let together = 0;
    const start = bridge.starter.start.bind(bridge.starter);
    const suspects = new Set(rows.map(({ eventId }) => eventId));
    let inFlight = 0;
    bridge.starter.start = async (request) => {
      inFlight += 1;
      if (suspects.has(request.ref.eventId)) together = Math.max(together, inFlight);
      return start(request).finally(() => (inFlight -= 1));
    };
    await bridge.bridge.start();
    for (const { eventId } of rows) {
      expect(await lab.started(eventId)).toMatchObject({ unfinished_claims: 0, dead_lettered_at: null });
    }
    expect(together).toBe(1);
  });

  it('and given back untouched, keeps its count; with any end that was written it is 0 again', async () => {
    const { eventId } = await lab.healthy();
    const bridge = lab.bridge();
    const take = async () => {
      const request = { token: newId(), leaseMs, lanes, maxRows: 1, pausedSpellings: [] };
      return (await bridge.store.claim(request))[0]!;
    };
    await take();
    await endLeases(lab.database.pool);
    await bridge.store.settle([{ kind: 'released', row: await take() }]);
    expect(await lab.row(eventId)).toMatchObject({ unfinished_claims: 1 });
    const failed = { kind: 'failed', error: 'TEMPORAL_UNAVAILABLE: gone', countsAttempt: false, delayMs: 0 } as const;
    await bridge.store.settle([{ ...failed, row: await take() }]);
    expect(await lab.row(eventId)).toMatchObject({ unfinished_claims: 0, claim_count: 3 });
  });
});

describe('a mark that PostgreSQL refuses', () => {
  it('costs no other row its mark, and names its row', async () => {
    const [one, bad, two] = await Promise.all([lab.healthy(), lab.healthy(), lab.healthy()]);
    const { store } = lab.bridge();
    const rows = await store.claim({ token: newId(), leaseMs, lanes, maxRows: 16, pausedSpellings: [] });
    const marks = rows.map((row) => ({
      kind: 'started' as const,
      row: row.id === bad.eventId ? { ...row, token: 'no token' } : row,
    }));
    await expect(store.settle(marks)).rejects.toThrow(
      new RegExp(`row ${bad.eventId}: invalid input syntax for type uuid`),
    );
    expect((await lab.row(one.eventId))['published_at']).not.toBeNull();
    expect((await lab.row(two.eventId))['published_at']).not.toBeNull();
    expect((await lab.row(bad.eventId))['published_at']).toBeNull();
  });

  it('is none for its reason: NUL and halves of characters are replaced, and it is cut short', async () => {
    const { eventId } = await lab.healthy();
    const { store } = lab.bridge();
    const [row] = await store.claim({ token: newId(), leaseMs, lanes, maxRows: 1, pausedSpellings: [] });
    const error = `START_REFUSED: a\0b \ud83d c${'x'.repeat(5_000)}`;
    expect(await store.settle([{ kind: 'dead-lettered', row: row!, error, countsAttempt: true }])).toBe(1);
    const reason = (await lab.row(eventId))['last_error'] as string;
    expect(reason).toMatch(/^START_REFUSED: ab \ufffd cx+$/);
    expect(reason).toHaveLength(1_999);
  });
});

describe('two rows of one id', () => {
  it('are not taken for one: the second is given up, whatever its content, and the first one’s repeated start is still ours', async () => {
    const first = await lab.healthy();
    const dying = lab.bridge();
    dying.store.settle = async () => 0;
    await dying.bridge.start();
    await waitFor(() =>
      lab.client.workflow
        .getHandle(first.eventId)
        .describe()
        .catch(() => undefined),
    );
    await dying.bridge.stop();
    await endLeases(lab.database.pool);
    await lab.insert({ id: first.eventId, created_at: new Date(Date.now() - 1_000) });
    await lab.bridge().bridge.start();
    const ends = await waitFor(async () => {
      const { rows } = await lab.database.pool.query<Record<string, unknown>>(
        `SELECT published_at IS NOT NULL AS started, last_error FROM outbox_events WHERE id = $1 ORDER BY sequence`,
        [first.eventId],
      );
      return rows.every((row) => row['started'] === true || row['last_error'] !== null) ? rows : undefined;
    });
    expect(ends).toEqual([
      { started: true, last_error: null },
      { started: false, last_error: expect.stringMatching(/^DUPLICATE_EVENT_ID: .* another row/) as string },
    ]);
  });
});

describe('what Temporal refuses for one row’s sake', () => {
  it.each([
    ['a search attribute that is too long', { aggregateType: 'x'.repeat(10_000) }],
    ['a priority that is none', { priority: 9 as never }],
  ])('%s pauses no event type and is no outage', async (_what, wrong) => {
    const { starter } = lab.bridge();
    const ref = { ...(await lab.healthy()), ...wrong };
    expect(await starter.start({ ref, workflowType: 'emitWorkflow' })).toMatchObject({
      kind: 'failed',
      code: 'START_REFUSED',
    });
  });
});
