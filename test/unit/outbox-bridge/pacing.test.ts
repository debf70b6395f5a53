import fc from 'fast-check';
import { lanesFor } from '../../../outbox-bridge/lanes';
import { Outage } from '../../../outbox-bridge/outage';
import { Pacer } from '../../../outbox-bridge/pacer';
import { Pauses, typesOnQueue } from '../../../outbox-bridge/pauses';
import { StartWindow } from '../../../outbox-bridge/start-window';

describe('lanes', () => {
  it('never give out more slots than are free, and always keep one for Critical until others are done', () => {
    fc.assert(
      fc.property(fc.integer({ min: 4, max: 512 }), fc.integer({ min: 0, max: 600 }), (window, inFlight) => {
        const lanes = lanesFor(window, inFlight);
        expect(lanes.heads).toBe(Math.max(0, window - inFlight));
        const [critical, ...others] = lanes.perPriority;
        expect(critical).toBe(lanes.heads);
        for (const other of others) expect(other).toBeLessThanOrEqual(Math.max(0, lanes.heads - 1));
        expect(lanes.floor * 3).toBeLessThanOrEqual(lanes.heads);
      }),
    );
  });
});

describe('the start window', () => {
  it('opens slowly, halves when Temporal is busy, collapses in an outage, and stays within its bounds', () => {
    const window = new StartWindow({ min: 4, max: 32, slowMs: 500 });
    expect(window.limit).toBe(8);
    for (let i = 0; i < 10_000; i++) window.succeeded(500, i);
    expect(window.limit).toBe(32);
    window.busy();
    expect(window.limit).toBe(16);
    window.collapsed();
    expect(window.limit).toBe(4);
    window.busy();
    expect(window.limit).toBe(4);
    for (let i = 0; i < 5; i++) window.succeeded(10, i);
    expect(window.limit).toBe(5);
  });

  it('halves once for all the starts that were slow at the same time, and again for one that began after that', () => {
    const window = new StartWindow({ min: 4, max: 32, slowMs: 500 });
    for (let i = 0; i < 10_000; i++) window.succeeded(10, i);
    for (let i = 0; i < 32; i++) window.succeeded(501, 20_000 + i);
    expect(window.limit).toBe(16);
    window.succeeded(501, 20_500);
    expect(window.limit).toBe(16);
    window.succeeded(501, 20_501);
    expect(window.limit).toBe(8);
    for (let i = 1; i < 10; i++) window.succeeded(501, 20_501 + 600 * i);
    expect(window.limit).toBe(4);
  });
});

describe('the pacer', () => {
  it('ends a wait when nudged, and a nudge before the wait is not lost', async () => {
    const pacer = new Pacer({ minMs: 1_000_000, maxMs: 1_000_000 });
    const waiting = pacer.wait();
    pacer.nudge();
    await waiting;
    pacer.nudge();
    await pacer.wait();
  });

  it('waits by itself, longer each time', async () => {
    const pacer = new Pacer({ minMs: 1, maxMs: 3 });
    for (let i = 0; i < 5; i++) await pacer.wait();
    pacer.reset();
    await pacer.wait();
  });
});

describe('pauses', () => {
  it('cover every spelling of a type, let one try through when it is due, and say why', () => {
    let now = 0;
    const pauses = new Pauses(() => now);
    expect(pauses.pause('content.post.created', 'SEARCH_ATTRIBUTE_MISSING', 'EventType', 5_000)).toBe(true);
    expect(pauses.pause('content.post.created', 'SEARCH_ATTRIBUTE_MISSING', 'EventType', 5_000)).toBe(false);
    expect(pauses.spellings()).toEqual(expect.arrayContaining(['content.post.created', 'PostCreated', 'post_created']));
    now = 5_001;
    expect(pauses.spellings()).toEqual([]);
    expect(pauses.describe()).toEqual({ 'content.post.created': 'SEARCH_ATTRIBUTE_MISSING: EventType' });
    expect(pauses.resume('content.post.created', 'NO_POLLER')).toBe(false);
    expect(pauses.resume('content.post.created')).toBe(true);
    expect(pauses.describe()).toEqual({});
  });

  it('are forgotten when their try was long due and no row of the type came to be tried', () => {
    let now = 0;
    const pauses = new Pauses(() => now);
    pauses.pause('content.post.created', 'NAMESPACE_MISSING', 'nova', 5_000);
    pauses.pause('message.edited', 'NO_POLLER', 'no worker', Infinity);
    now = 20_000;
    expect(Object.keys(pauses.describe())).toEqual(['content.post.created', 'message.edited']);
    now = 20_001;
    expect(Object.keys(pauses.describe())).toEqual(['message.edited']);
  });

  it('a type whose payload chooses the workflow belongs to each of its queues', () => {
    expect(typesOnQueue('feed')).toContain('content.post.status_updated');
    expect(typesOnQueue('kafka')).toEqual(['message.edited']);
  });
});

describe('an outage', () => {
  it('is new once, is probed at growing intervals up to two seconds, and says how long it lasted', () => {
    let now = 1_000;
    const outage = new Outage(() => now);
    expect(outage.begin('TEMPORAL_UNAVAILABLE', 'x')).toBe(true);
    expect(outage.begin('TEMPORAL_UNAVAILABLE', 'y')).toBe(false);
    expect([1, 2, 3, 4, 5, 6, 7].map(() => outage.nextDelayMs())).toEqual([100, 200, 400, 800, 1_600, 2_000, 2_000]);
    now = 4_000;
    expect(outage.end()).toBe(3_000);
    expect(outage.end()).toBeUndefined();
    expect(outage.nextDelayMs()).toBe(100);
  });
});
