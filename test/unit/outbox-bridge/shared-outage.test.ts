import { NovaError } from '../../../contracts/failures';
import { Outage } from '../../../outbox-bridge/outage';
import { OutboxOutage, SharedOutage } from '../../../outbox-bridge/shared-outage';
import { silentLogger } from '../../support/logger';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A process of two outboxes in a time that passes when it is asked to. */
function process(served = 2) {
  const clock = { nowMs: 0, sleepers: [] as (() => void)[], slept: [] as number[] };
  const probes: { resolve: () => void; reject: (thrown: unknown) => void }[] = [];
  const [now, sleep] = [
    () => clock.nowMs,
    (ms: number) => {
      clock.slept.push(ms);
      return new Promise<void>((resolve) => clock.sleepers.push(resolve));
    },
  ];
  const shared = new SharedOutage({
    probe: () => new Promise((resolve, reject) => probes.push({ resolve, reject })),
    ...{ now, sleep, logger: silentLogger, window: { limit: 4 }, served: () => served },
  });
  const outboxes = [0, 1].map(() => new OutboxOutage(new Outage(now), shared)) as [OutboxOutage, OutboxOutage];
  const wake = async (): Promise<void> => {
    for (const go of clock.sleepers.splice(0)) go();
    await turn();
  };
  return { clock, probes, shared, outboxes, sleep, wake };
}

describe('an outage of Temporal', () => {
  it('is that of every outbox, and new to the first alone', () => {
    const { outboxes } = process();
    const [one, two] = outboxes;
    expect(one.begin('TEMPORAL_UNAVAILABLE', 'gone')).toBe(true);
    expect(two.active).toMatchObject({ code: 'TEMPORAL_UNAVAILABLE' });
    expect(two.begin('TEMPORAL_UNAVAILABLE', 'gone too')).toBe(false);
    expect(one.stopsAll('TEMPORAL_UNAVAILABLE')).toBe(true);
  });

  it('is probed by one for all, at growing intervals, until there is a reply', async () => {
    const { outboxes, probes, clock, sleep, wake } = process();
    for (const outbox of outboxes) outbox.begin('NOT_AUTHORIZED', 'no');
    const back: string[] = [];
    for (const [i, outbox] of outboxes.entries()) void outbox.untilNextTry(sleep).then(() => back.push(`outbox ${i}`));
    await wake();
    expect(probes).toHaveLength(1);
    probes[0]?.reject(new NovaError('NAMESPACE_MISSING', 'still no'));
    await turn();
    expect(outboxes[0].active).toMatchObject({ code: 'NAMESPACE_MISSING' });
    await wake();
    expect(clock.slept).toEqual([100, 200]);
    expect(back).toEqual([]);
    probes[1]?.resolve();
    await turn();
    expect([probes.length, back]).toEqual([2, ['outbox 0', 'outbox 1']]);
  });

  it('stays one of each outbox until that has looked at its own database, and is said to be over once', async () => {
    const { clock, outboxes, probes, sleep, wake } = process();
    const [one] = outboxes;
    one.begin('TEMPORAL_UNAVAILABLE', 'gone');
    const back = one.untilNextTry(sleep);
    await wake();
    clock.nowMs = 700;
    probes[0]?.resolve();
    await back;
    expect(one.active).toMatchObject({ code: 'TEMPORAL_UNAVAILABLE' });
    expect(one.end()).toEqual({ lastedMs: 700, said: true });
    expect(one.active).toBeUndefined();
  });

  it('is probed no more when the process stops', async () => {
    const { shared, probes, outboxes, wake } = process();
    outboxes[0].begin('TEMPORAL_UNAVAILABLE', 'gone');
    const over = shared.over();
    shared.stop();
    await wake();
    await over;
    expect(probes).toHaveLength(0);
  });
});

describe('an outage of one database', () => {
  it('is that of its outbox alone', async () => {
    const { outboxes, clock, probes, sleep, wake } = process();
    const [one, two] = outboxes;
    expect(one.begin('DATABASE_UNAVAILABLE', 'gone')).toBe(true);
    expect([two.active, one.stopsAll('DATABASE_UNAVAILABLE')]).toEqual([undefined, false]);
    const back = one.untilNextTry(sleep);
    await wake();
    await back;
    expect([clock.slept, probes.length]).toEqual([[100], 0]);
    clock.nowMs = 500;
    expect(one.end()).toEqual({ lastedMs: 500, said: false });
  });

  it('stops all there is where the process serves one outbox', () => {
    expect(process(1).outboxes[0].stopsAll('DATABASE_UNAVAILABLE')).toBe(true);
  });

  it('goes on when one of Temporal that came on top of it is over', async () => {
    const { outboxes, probes, sleep, wake } = process();
    const [one, two] = outboxes;
    one.begin('DATABASE_UNAVAILABLE', 'gone');
    two.begin('TEMPORAL_UNAVAILABLE', 'gone as well');
    expect(one.active).toMatchObject({ code: 'TEMPORAL_UNAVAILABLE' });
    const back = one.untilNextTry(sleep);
    await wake();
    probes[0]?.resolve();
    await back;
    expect(one.active?.code).toBeDefined();
    expect(two.active).toBeUndefined();
  });
});
