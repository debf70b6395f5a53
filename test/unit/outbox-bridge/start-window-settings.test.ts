import { bridgeSettings } from '../../../outbox-bridge/settings';
import { startWindowOf } from '../../../outbox-bridge/start-window';
import { configFrom } from '../../../runtime/config';

const required = { DATABASE_URL: 'postgres://u@127.0.0.1/d' };
/** Limit of a new window of 32 at most, after starts that each took so long. */
function limitAfter(starts: readonly number[], settings: Record<string, string> = {}): number {
  const window = startWindowOf(configFrom(bridgeSettings, { ...required, ...settings }));
  starts.forEach((tookMs, i) => window.succeeded(tookMs, (i + 1) * 100_000));
  return window.limit;
}
const times = (n: number, tookMs: number) => Array.from({ length: n }, () => tookMs);

it('a start that takes longer than OUTBOX_SLOW_START_MS shrinks the window of the bridge, and no other does', () => {
  expect(limitAfter([])).toBe(8);
  expect(limitAfter([70], { OUTBOX_SLOW_START_MS: '70' })).toBe(8);
  expect(limitAfter([71], { OUTBOX_SLOW_START_MS: '70' })).toBe(4);
  expect(limitAfter(times(20, 9_000), { OUTBOX_SLOW_START_MS: '10000' })).toBeGreaterThan(8);
  expect(limitAfter(times(20, 501))).toBe(4);
});

it('the window grows to OUTBOX_START_WINDOW', () => {
  expect(limitAfter(times(2_000, 1), { OUTBOX_START_WINDOW: '40' })).toBe(40);
});
