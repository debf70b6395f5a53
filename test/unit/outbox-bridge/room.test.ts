import { createWorld, quiet } from './bridge-world';

const normal = 2;

describe('while slots are left for Critical rows alone', () => {
  it('looks for these at the pace of an idle outbox, and claims others as soon as they may be', async () => {
    const world = createWorld(['main']);
    const { bridge, claims, waits } = world.of('main');
    const { starts } = world;
    for (let i = 0; i < 20; i++) world.insert('main', normal);
    await bridge.start();
    await quiet();
    // Seven of eight slots are taken; one claim found that no Critical row waits.
    expect(starts).toHaveLength(7);
    expect(claims.map(({ lanes }) => lanes.perPriority[normal])).toEqual([7, 0]);

    starts[0]?.end();
    await quiet();
    expect(starts).toHaveLength(7);
    expect(claims.map(({ lanes }) => lanes.perPriority[normal])).toEqual([7, 0, 1, 0]);

    world.insert('main', 0);
    await quiet();
    expect(starts).toHaveLength(7);
    waits.at(-1)?.();
    await quiet();
    expect(starts).toHaveLength(8);
    await world.stop();
  });
});
