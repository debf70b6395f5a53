import { PollerLiveness } from '../../../outbox-bridge/poller-liveness';
import { type SeenQueue, judge } from '../../../runtime/task-queues';

/** Server times in these tests have nothing to do with ours: hours ahead, stepping back, it must not matter. */
function watch(serverMs = 7_200_000) {
  const clock = { ours: 0, server: serverMs };
  const liveness = new PollerLiveness(() => clock.ours);
  const last = new Map<string, number>();
  return {
    pass(ms: number, polling: readonly string[] = []) {
      clock.ours += ms;
      clock.server += ms;
      for (const queue of polling) last.set(queue, clock.server);
    },
    stepServer: (ms: number) => (clock.server += ms),
    forget: (queue: string) => last.delete(queue),
    look: (...queues: string[]) => [
      ...liveness.observe(
        new Map(
          queues.map((queue) => [
            queue,
            last.has(queue) ? [{ identity: 'w', lastAccessMs: last.get(queue) ?? 0 }] : [],
          ]),
        ),
      ),
    ],
  };
}

describe('a queue', () => {
  it('is polled while its poller comes back every minute, and dead 130 s after it last did', () => {
    const world = watch();
    for (let minute = 0; minute < 5; minute++) {
      world.pass(60_000, ['feed']);
      expect(world.look('feed')).toEqual(['feed']);
    }
    world.pass(129_000);
    expect(world.look('feed')).toEqual(['feed']);
    world.pass(1_000);
    expect(world.look('feed')).toEqual([]);
    world.pass(500, ['feed']);
    expect(world.look('feed')).toEqual(['feed']);
  });

  it('no worker ever polled, or whose pollers the server has forgotten, is dead at once', () => {
    const world = watch();
    expect(world.look('feed')).toEqual([]);
    world.pass(1_000, ['feed']);
    expect(world.look('feed')).toEqual(['feed']);
    world.forget('feed');
    expect(world.look('feed')).toEqual([]);
  });

  it('that died before our first look is distinguished from a living one by the server’s own times', () => {
    const world = watch();
    world.pass(0, ['media']);
    world.pass(140_000, ['feed']);
    expect(world.look('feed', 'media')).toEqual(['feed']);
  });

  it('that died before our first look with all the others is found out within 130 s', () => {
    const world = watch();
    world.pass(0, ['feed']);
    world.pass(200_000);
    expect(world.look('feed')).toEqual(['feed']);
    world.pass(130_000);
    expect(world.look('feed')).toEqual([]);
  });

  it('is neither dead nor alive for a step of the server’s clock, forwards or back', () => {
    for (const step of [3_600_000, -3_600_000]) {
      const world = watch();
      world.pass(60_000, ['feed', 'media', 'gone']);
      world.look('feed', 'media', 'gone');
      world.stepServer(step);
      for (let minute = 0; minute < 2; minute++) {
        world.pass(60_000, ['feed']);
        expect(world.look('feed', 'media', 'gone')).toEqual(['feed', 'media', 'gone']);
      }
      world.pass(60_000, ['feed', 'media']);
      expect(world.look('feed', 'media', 'gone')).toEqual(['feed', 'media']);
    }
  });
});

describe('one look at a task queue', () => {
  const now = 1_000_000;
  const look = (
    over: Partial<SeenQueue> & { readonly askedAgoMs?: readonly number[] },
    stopped = new Map(),
    at = now,
  ) => {
    const { askedAgoMs = [], ...rest } = over;
    const pollers = askedAgoMs.map((ms, i) => ({ identity: `w${i}`, lastAccessMs: now - ms }));
    const [seen] = judge([{ queue: 'q', kind: 'workflow', pollers, waiting: 0, oldestMs: 0, ...rest }], stopped, at);
    return [seen?.served, seen?.workers];
  };

  it('finds it served while a worker asks once a minute, and not when none is listed or all are silent', () => {
    expect(look({})).toEqual([false, 0]);
    expect(look({ askedAgoMs: [60_000, 200_000] })).toEqual([true, 1]);
    expect(look({ askedAgoMs: [131_000] })).toEqual([false, 0]);
  });

  it('does not count a worker that has said that it stops, unless it has asked again', () => {
    expect(look({ askedAgoMs: [3_000] }, new Map([['q\nw0', now - 2_000]]))).toEqual([false, 0]);
    expect(look({ askedAgoMs: [1_000] }, new Map([['q\nw0', now - 2_000]]))).toEqual([true, 1]);
  });

  it('finds killed workers by the first task that waits for longer than it is since they asked', () => {
    expect(look({ askedAgoMs: [40_000], waiting: 1, oldestMs: 4_000 })).toEqual([true, 1]);
    expect(look({ askedAgoMs: [40_000], waiting: 1, oldestMs: 6_000 })).toEqual([false, 1]);
    // Busy: tasks wait, and workers take the next again and again.
    expect(look({ askedAgoMs: [200], waiting: 90, oldestMs: 60_000 })).toEqual([true, 1]);
  });

  it('goes by Temporal’s own times where the other clock cannot be right', () => {
    for (const wrong of [now - 3_600_000, now + 3_600_000])
      expect(look({ askedAgoMs: [1_000] }, new Map(), wrong)).toEqual([true, 1]);
  });
});
