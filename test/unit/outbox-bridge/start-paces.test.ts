import { setTimeout as sleep } from 'node:timers/promises';
import { queueNames } from '../../../contracts/workflow-types';
import { lanesFor } from '../../../outbox-bridge/lanes';
import { type StartWait, StartPaces } from '../../../outbox-bridge/start-paces';

/** Paces by a clock that the test sets. */
function world() {
  let nowMs = 0;
  let woken = 0;
  const paces = new StartPaces({ targetMs: 50, now: () => nowMs, onRoom: () => (woken += 1) });
  return {
    paces,
    woken: () => woken,
    pass: (ms: number) => (nowMs += ms),
    say: (waits: Partial<Record<(typeof queueNames)[number], StartWait['ms']>>) =>
      paces.observe(
        new Map(queueNames.flatMap((queue) => (queue in waits ? [[queue, { ms: waits[queue] ?? null }]] : []))),
      ),
    /** As long as there is room, ten seconds at most. */
    exhaust: (type: Parameters<StartPaces['claimed']>[0]) => {
      for (let n = 0; n < 1_000 && paces.held().length === 0; n++) paces.claimed(type);
    },
  };
}

const all = Object.fromEntries(queueNames.map((queue) => [queue, 0]));

test('without a word of any worker nothing is held', () => {
  const { paces } = world();
  for (let n = 0; n < 1_000; n++) paces.claimed('message.persisted');
  expect(paces.held()).toEqual([]);
  expect(paces.room()).toBe(Infinity);
  expect(paces.limit(lanesFor(32, 0))).toEqual(lanesFor(32, 0));
});

test('a queue that has enough holds its own types, and no Critical one', () => {
  const { paces, say, exhaust } = world();
  say(all);
  exhaust('message.persisted');
  expect(paces.held()).toContain('message.persisted');
  expect(paces.held()).not.toContain('security.alert.raised');
  expect(paces.held()).not.toContain('content.post.created');
});

test('a claim takes no more below Critical than may be started', () => {
  const { paces, say } = world();
  say(all);
  const { perPriority } = paces.limit(lanesFor(512, 0));
  expect(perPriority[0]).toBe(512);
  expect(perPriority[1]).toBe(paces.room());
  expect(paces.room()).toBeLessThan(100);
});

test('when there is room again, that is said once', async () => {
  const { paces, say, exhaust, woken, pass } = world();
  say(all);
  exhaust('message.persisted');
  paces.held();
  paces.held();
  await sleep(1_100);
  expect(woken()).toBe(1);
  pass(1_000);
  expect(paces.held()).toEqual([]);
});

test('starts that no worker begins are starts that wait', () => {
  const { paces, say, pass } = world();
  say(all);
  const pace = (queue: string) => paces.known().find((one) => one.queue === queue)?.perSecond ?? 0;
  const before = pace('notification');
  paces.started('message.persisted');
  for (let n = 0; n < 40; n++) {
    pass(100);
    say(Object.fromEntries(queueNames.map((queue) => [queue, null])));
  }
  expect(pace('notification')).toBeLessThan(before / 2);
  expect(pace('feed')).toBe(before);
});

test('when State has not said anything for long, nothing is held any more', () => {
  const { paces, say, exhaust, pass } = world();
  say(all);
  exhaust('message.persisted');
  pass(6_000);
  for (let n = 0; n < 100; n++) paces.claimed('message.persisted');
  expect(paces.held()).toEqual([]);
});

test('a queue whose workers say nothing, as those of an older version, is held by nothing', () => {
  const { paces, say } = world();
  say({ feed: 0 });
  for (let n = 0; n < 1_000; n++) paces.claimed('message.persisted');
  expect(paces.held()).toEqual([]);
});
