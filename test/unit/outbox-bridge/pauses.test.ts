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
