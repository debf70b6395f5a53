import { Pauses } from '../../../outbox-bridge/pauses';

describe('pauses of what is in no catalogue', () => {
  it('are bounded, however many spellings writers invent, and leave those of known types alone', () => {
    const pauses = new Pauses(() => 0);
    pauses.pause('message.edited', 'NO_POLLER', 'no worker', Infinity);
    for (let i = 0; i < 10_000; i++) pauses.pauseUnknown(`invented.${i}`, 'UNKNOWN_EVENT_TYPE', 'x', 5_000);
    const spellings = pauses.spellings();
    expect(spellings.filter((name) => name.startsWith('invented.'))).toHaveLength(100);
    expect(spellings).toContain('invented.9999');
    expect(spellings).toContain('message.edited');
  });

  it('end by themselves when no row renews them', () => {
    let now = 0;
    const pauses = new Pauses(() => now);
    expect(pauses.pauseUnknown('post.exploded', 'UNKNOWN_EVENT_TYPE', 'x', 5_000)).toBe(true);
    expect(pauses.pauseUnknown('post.exploded', 'UNKNOWN_EVENT_TYPE', 'x', 5_000)).toBe(false);
    now = 21_000;
    expect(pauses.describe()).toEqual({});
  });
});

describe('pauses by hand', () => {
  const byHand = (eventType: string, leftMs = 60_000) => ({
    ...{ eventType, leftMs, reason: 'a bad release', pausedBy: 'ada' },
    endsAt: new Date('2026-11-28T12:00:00Z'),
  });

  it('hold back every spelling of their type until their end, whatever a try of a row says', () => {
    let now = 0;
    const pauses = new Pauses(() => now);
    expect(pauses.byHand.set([byHand('message.edited')])).toEqual({ begun: ['message.edited'], ended: [] });
    pauses.resume('message.edited');
    expect(pauses.spellings()).toEqual(expect.arrayContaining(['message.edited', 'MessageEdited']));
    expect(pauses.describe()).toEqual({
      'message.edited': 'PAUSED_BY_HAND: by ada until 2026-11-28T12:00:00.000Z: a bad release',
    });
    now = 60_000;
    expect([pauses.spellings(), pauses.describe()]).toEqual([[], {}]);
    expect(pauses.byHand.set([])).toEqual({ begun: [], ended: ['message.edited'] });
  });

  it('of all types hold back each of the catalogue, and leave the pauses of other causes as they are', () => {
    const pauses = new Pauses(() => 0);
    pauses.pause('message.edited', 'NO_POLLER', 'no worker', Infinity);
    pauses.byHand.set([byHand('*')]);
    expect(pauses.spellings()).toEqual(expect.arrayContaining(['PostCreated', 'follow.added', 'message.edited']));
    pauses.byHand.set([]);
    expect(pauses.spellings()).toEqual(expect.arrayContaining(['message.edited']));
    expect(pauses.describe()).toEqual({ 'message.edited': 'NO_POLLER: no worker' });
  });
});
