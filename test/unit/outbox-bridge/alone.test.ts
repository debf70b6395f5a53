import { aloneAfterClaims } from '../../../outbox/thresholds';
import { createWorld, leaseMs, quiet } from './bridge-world';

const normal = 2;

describe('a row that may kill the process', () => {
  it('is started when all else has ended, also where that took longer than its lease allows', async () => {
    const world = createWorld(['slow', 'suspected']);
    const { starts, clock } = world;
    for (let i = 0; i < 3; i++) world.insert('slow', normal);
    await world.of('slow').bridge.start();
    await quiet();
    expect(starts).toHaveLength(3);

    const suspect = world.insert('suspected', normal, { unfinishedClaims: aloneAfterClaims });
    await world.of('suspected').bridge.start();
    await quiet();
    expect(starts).toHaveLength(3);
    const claims = world.of('slow').claims.length;
    clock.nowMs += 0.7 * leaseMs;
    for (let i = 0; i < 3; i++) world.insert('slow', normal);
    // It would claim them now.
    for (const wake of world.of('slow').waits) wake();
    await quiet();
    for (const start of [...starts]) start.end();
    await quiet();
    expect(starts.map(({ id }) => id)).toEqual([suspect]);
    expect(world.of('slow').claims).toHaveLength(claims);

    starts[0]?.end();
    await quiet();
    expect(starts.map(({ outbox }) => outbox)).toEqual(['slow', 'slow', 'slow']);
    await world.stop();
  });

  it('waits for the starts that are under way, and not for what is behind them', async () => {
    const world = createWorld(['long', 'suspected']);
    const { starts } = world;
    const aggregateId = '00000000-0000-4000-8000-00000000000a';
    const series = Array.from({ length: 5 }, () => world.insert('long', normal, { aggregateId }));
    await world.of('long').bridge.start();
    await quiet();
    expect(starts.map(({ id }) => id)).toEqual(series.slice(0, 1));

    const suspect = world.insert('suspected', normal, { unfinishedClaims: aloneAfterClaims });
    await world.of('suspected').bridge.start();
    await quiet();
    starts[0]?.end();
    await quiet();
    expect(starts.map(({ id }) => id)).toEqual([suspect]);
    // Given back as they were: no attempt, and no claim without an end.
    for (const id of series.slice(1))
      expect(world.of('long').postgres.rows.get(id)).toMatchObject({ leaseToken: undefined, unfinishedClaims: 0 });
    await world.stop();
  });

  it('leaves the others as much time as it took from them, however many such rows there are', async () => {
    const world = createWorld(['other', 'suspected']);
    const { starts, clock, sleeps } = world;
    const suspects = Array.from({ length: 3 }, () =>
      world.insert('suspected', normal, { unfinishedClaims: aloneAfterClaims }),
    );
    await world.of('suspected').bridge.start();
    await quiet();
    expect(starts.map(({ id }) => id)).toEqual(suspects.slice(0, 1));
    for (let i = 0; i < 2; i++) world.insert('other', normal);
    await world.of('other').bridge.start();
    await quiet();
    expect(starts).toHaveLength(1);

    clock.nowMs += 3_000;
    starts[0]?.end();
    await quiet();
    expect(starts.map(({ outbox }) => outbox)).toEqual(['other', 'other']);
    for (const start of [...starts]) start.end();
    await quiet();
    expect(starts).toEqual([]);
    const [rest] = sleeps.filter(({ ms }) => ms === 3_000);
    rest?.end();
    await quiet();
    expect(starts.map(({ id }) => id)).toEqual(suspects.slice(1, 2));
    await world.stop();
  });
});
